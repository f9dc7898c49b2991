using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Commands;

static class TrafficCommand
{
    public static Command Create()
    {
        var period =
            new Option<string>("--for") { Description = "How long: 30s, 2m", DefaultValueFactory = static _ => "30s" };
        var ledger =
            new Option<string?>("--ledger") { Description = "Write every attempt to this file, a line of JSON each" };
        var direct = new Option<bool>("--direct")
        {
            Description = "Also write to every PostgreSQL directly, and look for two writers"
        };
        var (name, output) = (Options.Name(), Options.Output());
        var command = new Command("traffic", "Writes and reads through the proxies, then compares ledger and table")
        {
            period, ledger, direct, name, output,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var state = Labs.Get(parsed.GetValue(name));
            var traffic = new Traffic(state, LabFile.Of(state));
            var report = await traffic.RunAsync(
                Options.Period(
                    parsed.GetValue(period)!), parsed.GetValue(direct), parsed.GetValue(ledger), interrupts.Graceful);
            if (parsed.GetValue(output) is "json")
                Console.WriteLine(JsonSerializer.Serialize(report, LabJson.Default.TrafficReport));
            else
                Print(report);
            return report.Lost == 0 && report.DualWriters is null or 0 ? 0 : 1;
        });
        return command;
    }

    static void Print(TrafficReport report)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Acknowledged} inserts acknowledged, {report.Lost} lost, {report.InDoubt} in doubt"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"longest outage {report.LongestOutageMs:0} ms; " +
            $"latency {report.P50Ms} ms median, {report.P99Ms} ms at 99 %"));
        foreach (var (kind, count) in report.Errors)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind,-12} {count}"));
        if (report.DualWriters is { } dual)
            Console.WriteLine($"{dual} acknowledgements by a server that had been replaced");
    }
}
