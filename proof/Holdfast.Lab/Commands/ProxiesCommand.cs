using System.CommandLine;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Proxies;
using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Commands;

static class ProxiesCommand
{
    public static Command Create()
    {
        var cases = Names("--case", $"Which: {string.Join(", ", ProxyCase.All.Select(known => known.Name))}, or the "
            + "word before the number; default: all");
        var paths = Names("--path",
            $"Which: {string.Join(", ", ProxyPath.All.Select(known => known.Name))}; default: all");
        var rounds = Count("--rounds", "In the file of results when this ends; those there of the series count", 5);
        var seconds = Count(
            "--seconds", "Of each of three turns in a round; with 500 clients there is one, four times as long", 2);
        var series = new Option<string>("--series")
        {
            Description = "What the runs are called in the results: figures of two series are never compared",
            Required = true,
        };
        var results = new Option<string>("--results") { Description = "A line of JSON for each run", Required = true };
        var machine = new Option<string?>("--lock")
        {
            Description = "A file that other measurements here lock, too (flock): each case waits for its turn",
        };
        var table = new Option<string?>("--table") { Description = "Write the comparison there (Markdown)" };
        var command = new Command("proxies", "Measures PostgreSQL's proxies on one PostgreSQL, in turns")
        {
            cases, paths, rounds, seconds, series, results, table, machine,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var file = parsed.GetValue(results)!;
            var run = new ProxySeries(
                parsed.GetValue(series)!, file, ProxyCase.Named(parsed.GetValue(cases) ?? []),
                ProxyPath.Named(parsed.GetValue(paths) ?? []), parsed.GetValue(rounds), parsed.GetValue(seconds),
                parsed.GetValue(machine));
            await run.RunAsync(PublishedPrograms.Find(), interrupts.Graceful);
            var section = ProxyTable.Section(ProxyFile.Read(file));
            Console.Write(section);
            if (parsed.GetValue(table) is { } markdown)
                MarkdownFile.Put(markdown, section);
            return 0;
        });
        return command;
    }

    static Option<string[]> Names(string name, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true };

    static Option<int> Count(string name, string description, int usual)
    {
        const int most = 1_000;
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (> 0 and <= most))
                result.AddError($"{name} must be 1 to {most}");
        });
        return option;
    }
}
