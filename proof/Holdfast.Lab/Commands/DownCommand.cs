using System.CommandLine;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Commands;

static class DownCommand
{
    public static Command Create()
    {
        var name = Options.Name();
        var force = new Option<bool>("--force") { Description = "Kill at once instead of asking first" };
        var command = new Command("down", "Takes a lab down and leaves only its logs; safe to repeat") { name, force };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            if (parsed.GetValue(name) is null && Labs.Names() is [])
            {
                Console.WriteLine("no lab is running");
                return 0;
            }
            var lab = parsed.GetValue(name) ?? Only();
            await EndAsync(lab, parsed.GetValue(force) ? LabDown.NoGrace : LabDown.Grace, interrupts.Graceful);
            return 0;
        });
        return command;
    }

    /// <param name="lab">Its name.</param>
    /// <param name="grace">How long it may take to stop by itself.</param>
    /// <param name="hurry">Ends the grace.</param>
    public static async Task EndAsync(string lab, TimeSpan grace, CancellationToken hurry)
    {
        var logs = await LabDown.RunAsync(lab, grace, hurry);
        Console.WriteLine($"lab {lab} is down" + (logs is null ? "" : $"; logs are in {logs}"));
    }

    static string Only() => Labs.Names() is [var only] ? only
        : throw new LabException($"several labs are running, say which with --name: {string.Join(", ", Labs.Names())}");
}
