using System.Globalization;
using Bingo.Configuration;

namespace Bingo.Commands;

/// <summary>Words to an invocation. Pure but for the environment, which is an argument.</summary>
static class InvocationReader
{
    public const string DefaultConfigFile = "/opt/bingo/config.yaml", ConfigVariable = "BINGO_CONFIG";
    public const decimal ScaleMin = 0.001m, ScaleMax = 10;
    public static readonly TimeSpan WaitDefault = TimeSpan.FromSeconds(60), WaitMax = TimeSpan.FromHours(1);

    const string Config = "--config", Scale = "--scale", Wait = "--wait";

    /// <summary>Every verb with the options that it takes.</summary>
    static readonly (string Verb, string[] Options)[] s_verbs =
    [
        ("run_server", [Config]),
        ("prepare_db", [Config, Scale, Wait]),
        ("print_default_config", []),
        ("print_current_config", [Config]),
        ("version", []),
        ("help", []),
    ];

    /// <param name="words">The command line, without the program.</param>
    /// <param name="configVariable">The value of BINGO_CONFIG, if any.</param>
    public static Invocation Read(string[] words, string? configVariable)
    {
        if (words.Length == 0)
            return new Invocation.Wrong("a command is missing");
        var verb = words[0] switch
        {
            "--help" or "-h" => "help",
            "--version" => "version",
            var word => word,
        };
        var known = Array.Find(s_verbs, pair => pair.Verb == verb);
        if (known.Verb is null)
            return new Invocation.Wrong($"unknown command '{verb}'{Nearest.Hint(verb, s_verbs.Select(v => v.Verb))}");
        if (words[1..].Any(word => word is "--help" or "-h"))
            return new Invocation.Help();
        return Options(known.Verb, known.Options, words[1..], out var values) is { } problem
            ? new Invocation.Wrong(problem)
            : Make(verb, values, configVariable);
    }

    static string? Options(string verb, string[] known, string[] words, out Dictionary<string, string> values)
    {
        values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i++)
        {
            var (name, value) = words[i].Split('=', 2) is [var left, var right] ? (left, right) : (words[i], null);
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                return name.StartsWith('-')
                    ? $"'{verb}' has no option '{name}'{Nearest.Hint(name, known)}"
                    : $"'{verb}' does not take '{name}'";
            }
            if (value is null && ++i == words.Length)
                return $"option '{name}' lacks its value";
            if (!values.TryAdd(name, value ?? words[i]))
                return $"option '{name}' is given twice";
        }
        return null;
    }

    static Invocation Make(string verb, Dictionary<string, string> values, string? configVariable)
    {
        var config = values.GetValueOrDefault(Config)
            ?? (string.IsNullOrEmpty(configVariable) ? DefaultConfigFile : configVariable);
        return verb switch
        {
            "run_server" => new Invocation.RunServer(config),
            "prepare_db" => PrepareDb(config, values.GetValueOrDefault(Scale), values.GetValueOrDefault(Wait)),
            "print_default_config" => new Invocation.PrintDefaultConfig(),
            "print_current_config" => new Invocation.PrintCurrentConfig(config),
            "version" => new Invocation.Version(),
            _ => new Invocation.Help(),
        };
    }

    static Invocation PrepareDb(string config, string? scaleText, string? waitText)
    {
        var scale = 1m;
        if (scaleText is not null
            && (!decimal.TryParse(scaleText, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out scale)
                || scale is < ScaleMin or > ScaleMax))
            return new Invocation.Wrong($"--scale must be a number from {ScaleMin} to {ScaleMax}, not '{scaleText}'");
        if (waitText is null)
            return new Invocation.PrepareDb(config, scale, WaitDefault);
        return Durations.Read(waitText) is { } wait && wait <= WaitMax
            ? new Invocation.PrepareDb(config, scale, wait)
            : new Invocation.Wrong($"--wait must be a time such as 500ms, 60s or 5m, at most 60m, not '{waitText}'");
    }
}
