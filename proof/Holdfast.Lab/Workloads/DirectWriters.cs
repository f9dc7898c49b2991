using System.Diagnostics;
using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Workloads;

/// <summary>
/// A writer for each PostgreSQL that goes around the proxy, all the time: whatever the proxy hides, a second primary
/// shows itself here. They run in a process inside the bridge's namespace, from where the hosts can be reached.
/// </summary>
static class DirectWriters
{
    public const string Verb = "direct-writers";
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Starts the process, collects what it was told, and ends it with <paramref name="stop"/>.</summary>
    public static async Task<IReadOnlyList<Attempt>> RunAsync(LabState state, ClusterFile file, CancellationToken stop)
    {
        var program = Path.Combine(new LabFolders(state.Lab).LabPrograms, "lab");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("nsenter",
            [
                $"--net={Cabling.PathOf(state.Network.Namespace)}", program, Verb, state.Lab,
                .. file.Postgres.On.Select(
                    host => string.Create(
                        CultureInfo.InvariantCulture, $"{file.AddressOf(host)}:{file.Postgres.Listen}")),
            ]),
        };
        process.StartInfo.UseShellExecute = false;
        process.StartInfo.RedirectStandardInput = true;
        process.StartInfo.RedirectStandardOutput = true;
        process.Start();
        // End of input tells it to stop, also when this process is killed.
        await using var ending = stop.Register(process.StandardInput.Close);
        var attempts = new List<Attempt>();
        while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (LedgerFile.Parse(line) is { } attempt)
                attempts.Add(attempt);
        }
        await process.WaitForExitAsync(CancellationToken.None);
        return attempts;
    }

    /// <summary>The process itself.</summary>
    /// <param name="arguments">The verb, the lab, and address:port of each PostgreSQL.</param>
    public static async Task<int> ServeAsync(IReadOnlyList<string> arguments)
    {
        var file = LabFile.Of(Labs.Get(arguments[1]));
        var credentials = Credentials.Of(file);
        using var over = new CancellationTokenSource();
        var ledger = new Ledger(TimeProvider.System.GetUtcNow());
        var writers = arguments.Skip(2).Select((address, index) =>
        {
            var colon = address.LastIndexOf(':');
            var port = int.Parse(address[(colon + 1)..], CultureInfo.InvariantCulture);
            var connection = credentials.ConnectionString(address[..colon], port);
            return new Writer(connection, -(index + 1), Pace, ledger).RunAsync(over.Token);
        }).ToList();
        _ = await Console.In.ReadToEndAsync(CancellationToken.None);
        await over.CancelAsync();
        await Task.WhenAll(writers);
        foreach (var attempt in ledger.Attempts.Where(attempt => attempt.Outcome == Outcome.Acknowledged))
            await Console.Out.WriteLineAsync(LedgerFile.Line(attempt));
        return 0;
    }
}
