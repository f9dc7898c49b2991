using System.CommandLine;
using Holdfast.Wiring;

namespace Holdfast.Commands;

static class AgentCommand
{
    public static Command Create()
    {
        var file =
            new Argument<string>("FILE") { Description = "A Patroni YAML, or the one that the supervisor wrote." };
        var command = new Command("agent", "Runs the high-availability agent of one PostgreSQL.") { file };
        command.SetAction((parsed, stop) => AgentWiring.RunAsync(parsed.GetRequiredValue(file), stop));
        return command;
    }
}
