using System.CommandLine;
using Holdfast.Supervisor.Fencing;

namespace Holdfast.Commands;

static class FenceCommand
{
    public static Command Create()
    {
        var data = FileOptions.Data();
        var run = FileOptions.Run();
        var command = new Command("fence",
            "Kills a PostgreSQL that nobody gives the right to write. For systemd, after the supervisor ended.")
        {
            data, run,
        };
        command.SetAction(parsed =>
        {
            var done = LastFence.Run(
                Path.GetFullPath(parsed.GetRequiredValue(data)), Path.GetFullPath(parsed.GetRequiredValue(run)));
            parsed.InvocationConfiguration.Output.WriteLine(done);
            return ExitCodes.Done;
        });
        return command;
    }
}
