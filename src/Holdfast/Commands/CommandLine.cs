using System.CommandLine;
using System.CommandLine.Parsing;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Commands;

/// <summary>The verbs of <c>holdfast</c>, and what is said to words that are none.</summary>
static class CommandLine
{
    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        var root = Create();
        var parsed = root.Parse(args);
        if (args.Length == 0)
        {
            await root.Parse("--help").InvokeAsync(Invocation(output, errors), stop);
            return ExitCodes.BadUsage;
        }
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in Problems(parsed))
                await errors.WriteLineAsync($"holdfast: {problem}");
            await errors.WriteLineAsync($"Try '{PathOf(parsed)} --help'.");
            return ExitCodes.BadUsage;
        }
        try
        {
            return await parsed.InvokeAsync(Invocation(output, errors), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await errors.WriteLineAsync("holdfast: stopped");
            return ExitCodes.Failed;
        }
    }

    static RootCommand Create() => new("""
        Keeps an application and its PostgreSQL serving while machines fail.

        The cluster file is found by --config, else by HOLDFAST_CONFIG, else it is ./holdfast.yml.
        Exit codes: 0 done; 1 failed; 2 bad usage or a bad file.
        """)
    {
        ListCommand.Create(),
        SwitchoverCommand.Create(),
        CheckCommand.Create(),
        SchemaCommand.Create(),
        NodeCommand.Create(),
        AgentCommand.Create(),
        DataPlaneCommand.PgProxy(),
        DataPlaneCommand.Edge(),
        FenceCommand.Create(),
        VersionCommand.Create(),
    };

    // Signals are ours (StopSignals), and so is what an exception means.
    static InvocationConfiguration Invocation(TextWriter output, TextWriter errors) => new()
    {
        Output = output,
        Error = errors,
        ProcessTerminationTimeout = null,
        EnableDefaultExceptionHandler = false,
    };

    static IEnumerable<string> Problems(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var strangers = parsed.UnmatchedTokens;
        var options = strangers.Where(word => word.StartsWith('-')).ToArray();
        // What follows an unknown option may have been meant as its value.
        if (options.Length > 0)
            return options.Select(word => $"unknown option '{word}'{Nearest.Hint(word, OptionsOf(command))}");
        if (strangers.Count == 0)
            return parsed.Errors.Select(error => error.Message);
        return command is RootCommand
            ? [$"unknown command '{strangers[0]}'{Nearest.Hint(strangers[0], VerbsOf(command))}"]
            : strangers.Select(word => $"'{command.Name}' does not take '{word}'");
    }

    static IEnumerable<string> VerbsOf(Command command) => command.Subcommands.Select(verb => verb.Name);

    static IEnumerable<string> OptionsOf(Command command) =>
        command.Options.SelectMany(option => option.Aliases.Append(option.Name))
            .Where(name => name.StartsWith("--", StringComparison.Ordinal));

    static string PathOf(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "holdfast" : $"holdfast {parsed.CommandResult.Command.Name}";
}
