using System.CommandLine;
using Holdfast.Lab.Scenarios;

namespace Holdfast.Lab.Commands;

/// <summary>What several verbs share.</summary>
static class Options
{
    public static Option<string?> Name() => new("--name") { Description = "The lab; needed when several are running" };

    public static Option<string?> Fault() => new("--fault")
    {
        Description = $"{string.Join(", ", Scenario.All.Select(scenario => scenario.Name))}; default: all",
    };

    public static IReadOnlyList<Scenario> Scenarios(string? fault) =>
        fault is null ? Scenario.All : [Scenario.Get(fault)];

    /// <summary>Of each fault.</summary>
    public static Option<int> Runs(int usual)
    {
        const int most = 1_000;
        var option = new Option<int>("--runs")
        {
            Description = "Runs of each fault in the file of results when this ends; those there count",
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (> 0 and <= most))
                result.AddError($"--runs must be 1 to {most}");
        });
        return option;
    }

    public static Option<string> Output()
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "text or json",
            DefaultValueFactory = static _ => "text"
        };
        return option.AcceptOnlyFromAmong("text", "json");
    }

    /// <summary>30s, 2m, 1h, 500ms.</summary>
    public static TimeSpan Period(string text)
    {
        var digits = text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter is '.').Count();
        if (!double.TryParse(text[..digits], out var amount))
            throw new LabException($"'{text}' is no period: 30s, 2m, 1h, 500ms");
        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(amount),
            "s" => TimeSpan.FromSeconds(amount),
            "m" => TimeSpan.FromMinutes(amount),
            "h" => TimeSpan.FromHours(amount),
            var unit => throw new LabException($"'{text}' has no unit ms, s, m or h but '{unit}': 30s, 2m, 1h, 500ms"),
        };
    }
}
