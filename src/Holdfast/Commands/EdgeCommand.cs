using System.CommandLine;
using Holdfast.Wiring;

namespace Holdfast.Commands;

static class EdgeCommand
{
    public static Command Create()
    {
        var config = FileOptions.Config();
        var name = FileOptions.Name();
        var data = FileOptions.Data();
        var run = FileOptions.Run();
        var command = new Command("edge", "Runs the http front of the apps on one host.") { config, name, data, run };
        command.SetAction(async (parsed, stop) =>
        {
            var errors = parsed.InvocationConfiguration.Error;
            if (FileOptions.Open(parsed.GetValue(config), errors) is not { } open
                || FileOptions.Host(parsed.GetRequiredValue(name), "edge", open.File.Edge?.On ?? [], errors)
                    is not { } host)
                return ExitCodes.BadUsage;
            return await EdgeWiring.RunAsync(
                open.File,
                host,
                Path.GetFullPath(parsed.GetRequiredValue(data)),
                Path.GetFullPath(parsed.GetRequiredValue(run)),
                stop);
        });
        return command;
    }
}
