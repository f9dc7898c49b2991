using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Commands;

static class LoadCommand
{
    const double RateMax = 10_000;

    public static Command Create()
    {
        var rate = new Option<double>("--rate")
        {
            Description = "Requests per second",
            DefaultValueFactory = static _ => 120,
        };
        var period =
            new Option<string>("--for") { Description = "How long: 30s, 2m", DefaultValueFactory = static _ => "60s" };
        var path = new Option<string?>("--path")
        {
            Description = "GET this path only; else the sample's mix: an operation, a trivial query, three reads by id",
        };
        var (name, output) = (Options.Name(), Options.Output());
        var command = new Command("load", "Sends HTTP requests to the edge at a steady rate, and reports by endpoint")
        {
            rate, period, path, name, output,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var port = Labs.Get(parsed.GetValue(name)).PortOf("edge")
                ?? throw new LabException("the lab's file has no section edge: there is nothing to send requests to");
            var perSecond = parsed.GetValue(rate);
            if (perSecond is not (> 0 and <= RateMax))
                throw new LabException($"--rate must be above 0 and at most {RateMax} per second, not {perSecond}");
            if (parsed.GetValue(path) is { } wrong && !wrong.StartsWith('/'))
                throw new LabException($"--path must begin with '/', not be '{wrong}'");
            using var load = new Load(
                new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")),
                parsed.GetValue(path) is { } only ? LoadMix.Of(only) : LoadMix.OfTheSample());
            var report = await load.RunAsync(
                perSecond, Options.Period(parsed.GetValue(period)!), interrupts.Graceful);
            if (parsed.GetValue(output) is "json")
                Console.WriteLine(JsonSerializer.Serialize(report, LabJson.Default.SortedDictionaryStringLoadReport));
            else
                Print(report, load.Errors);
            return 0;
        });
        return command;
    }

    static void Print(SortedDictionary<string, LoadReport> report, IReadOnlyDictionary<string, int> errors)
    {
        Console.WriteLine("requests  errors  p50 ms  p90 ms  p99 ms  max ms  longest gap ms");
        foreach (var (endpoint, one) in report)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{one.Requests,8}  {one.Errors,6}  {one.P50Ms,6:0.0}  {one.P90Ms,6:0.0}  {one.P99Ms,6:0.0}  " +
                $"{one.MaxMs,6:0}  {one.LongestGapMs,14:0}  {endpoint}"));
        }
        foreach (var (kind, count) in errors)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {kind,-12} {count}"));
    }
}
