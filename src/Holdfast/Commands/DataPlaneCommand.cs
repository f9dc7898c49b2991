using System.Collections.Immutable;
using System.CommandLine;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Wiring;

namespace Holdfast.Commands;

/// <summary>The verbs of the two data planes: they take the same words.</summary>
static class DataPlaneCommand
{
    delegate Task<int> Run(OpenFile open, NodeName host, string data, ParseResult parsed, CancellationToken stop);

    public static Command PgProxy()
    {
        var users = new Option<string?>("--users")
        {
            Description = "Who may log in where servers are pooled, in the form of PgBouncer's auth_file; by default "
                + "those of the cluster file.",
            HelpName = "FILE",
        };
        var command = Create(
            "pgproxy", "Runs the PostgreSQL proxy of one host.", file => file.PgProxy?.On ?? [],
            (open, host, data, parsed, stop) =>
                PgProxyWiring.RunAsync(open, host, data, parsed.GetValue(users), stop));
        command.Add(users);
        return command;
    }

    public static Command Edge() => Create(
        "edge", "Runs the http front of the apps on one host.", file => file.Edge?.On ?? [],
        (open, host, _, _, stop) => EdgeWiring.RunAsync(open.File, host, stop));

    static Command Create(string verb, string meaning, Func<ClusterFile, ImmutableArray<NodeName>> on, Run run)
    {
        var config = FileOptions.Config();
        var name = FileOptions.Name();
        var data = FileOptions.Data();
        // The supervisor gives all its programs the same words.
        var command = new Command(verb, meaning) { config, name, data, FileOptions.Run() };
        command.SetAction(async (parsed, stop) =>
        {
            var errors = parsed.InvocationConfiguration.Error;
            if (FileOptions.Open(parsed.GetValue(config), errors) is not { } open
                || FileOptions.Host(parsed.GetRequiredValue(name), verb, on(open.File), errors) is not { } host)
                return ExitCodes.BadUsage;
            return await run(open, host, Path.GetFullPath(parsed.GetRequiredValue(data)), parsed, stop);
        });
        return command;
    }
}
