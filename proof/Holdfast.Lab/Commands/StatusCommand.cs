using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Commands;

static class StatusCommand
{
    public static Command Create()
    {
        var (name, output) = (Options.Name(), Options.Output());
        var command = new Command("status", "Hosts and programs of a lab") { name, output };
        command.SetAction(async (parsed, stop) =>
        {
            var status = await StatusReader.ReadAsync(Labs.Get(parsed.GetValue(name)), stop);
            if (parsed.GetValue(output) is "json")
                Console.WriteLine(JsonSerializer.Serialize(status, LabJson.Default.LabStatus));
            else
                Print(status);
            return 0;
        });
        return command;
    }

    static void Print(LabStatus status)
    {
        Console.WriteLine($"lab {status.Lab}");
        foreach (var host in status.Hosts)
        {
            Console.WriteLine($"  {host.Name,-8} {host.Address,-15} {host.State}");
            foreach (var program in host.Programs)
            {
                var line = string.Create(CultureInfo.InvariantCulture,
                    $"    {program.Name,-12} {program.State,-10} pid {program.Pid,-8} restarts {program.Restarts}");
                Console.WriteLine(program.About is { } about ? $"{line}  {about}" : line);
            }
        }
    }
}
