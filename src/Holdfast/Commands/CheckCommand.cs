using System.CommandLine;

namespace Holdfast.Commands;

static class CheckCommand
{
    public static Command Create()
    {
        var config = FileOptions.Config();
        var command = new Command("check", "Checks the cluster file and tells every problem in it.") { config };
        command.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration.Output;
            if (FileOptions.Open(parsed.GetValue(config), parsed.InvocationConfiguration.Error) is not { } open)
                return ExitCodes.BadUsage;
            output.WriteLine($"{open.Path}: cluster {open.File.Cluster}, {open.File.Hosts.Length} hosts, no problems");
            return ExitCodes.Done;
        });
        return command;
    }
}
