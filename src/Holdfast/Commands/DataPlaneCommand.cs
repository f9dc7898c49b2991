using System.Collections.Immutable;
using System.CommandLine;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Wiring;

namespace Holdfast.Commands;

/// <summary>The verbs of the two data planes: they take the same words.</summary>
static class DataPlaneCommand
{
    delegate Task<int> Run(
        OpenFile open, NodeName host, ProcessFolders folders, ParseResult parsed, CancellationToken stop);

    public static Command PgProxy()
    {
        var users = new Option<string?>("--users")
        {
            Description = "Who may log in where servers are pooled, in the form of PgBouncer's auth_file; by default "
                + "those of the cluster file.",
            HelpName = "FILE",
        };
        var takeOver = new Option<bool>("--take-over")
        {
            Description = "Takes the ports of the proxy that runs with the same --run folder; that one stops "
                + "accepting, and ends when its last client has gone, or after pgproxy.handover_timeout.",
        };
        var command = Create(
            "pgproxy", """
            Runs the PostgreSQL proxy of one host.

            SIGTERM: clients at rest are told (57P01), transactions may end within pgproxy.drain_timeout.
            SIGHUP: reads the cluster file again; a bad one leaves the former settings in force.
            """, file => file.PgProxy?.On ?? [],
            (open, host, folders, parsed, stop) => PgProxyWiring.RunAsync(
                open, host, folders, parsed.GetValue(users), parsed.GetValue(takeOver), stop));
        command.Add(users);
        command.Add(takeOver);
        return command;
    }

    public static Command Edge() => Create(
        "edge", "Runs the http front of the apps on one host.", file => file.Edge?.On ?? [],
        (open, host, _, _, stop) => EdgeWiring.RunAsync(open.File, host, stop));

    static Command Create(string verb, string meaning, Func<ClusterFile, ImmutableArray<NodeName>> on, Run start)
    {
        var config = FileOptions.Config();
        var name = FileOptions.Name();
        var data = FileOptions.Data();
        // The supervisor gives all its programs the same words.
        var run = FileOptions.Run();
        var command = new Command(verb, meaning) { config, name, data, run };
        command.SetAction(async (parsed, stop) =>
        {
            var errors = parsed.InvocationConfiguration.Error;
            if (FileOptions.Open(parsed.GetValue(config), errors) is not { } open
                || FileOptions.Host(parsed.GetRequiredValue(name), verb, on(open.File), errors) is not { } host)
                return ExitCodes.BadUsage;
            var folders = new ProcessFolders(
                Path.GetFullPath(parsed.GetRequiredValue(data)), Path.GetFullPath(parsed.GetRequiredValue(run)));
            return await start(open, host, folders, parsed, stop);
        });
        return command;
    }
}
