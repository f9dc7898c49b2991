using System.CommandLine;
using System.Reflection;

namespace Holdfast.Commands;

static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(parsed =>
        {
            var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
            parsed.InvocationConfiguration.Output.WriteLine($"holdfast {version?.InformationalVersion}");
            return ExitCodes.Done;
        });
        return command;
    }
}
