using System.Diagnostics;
using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Checks;

/// <summary>No false alarms: a machine whose cores are all busy, with pgbench through the proxy and a program at normal
/// priority on each core that never rests, and nobody may lose its leadership.</summary>
sealed class QuietUnderLoad(LabState state, ClusterFile file)
{
    const int Clients = 8, Scale = 10;
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1), Limit = TimeSpan.FromSeconds(2);
    static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(60);

    public async Task<IReadOnlyList<Verdict>> RunAsync(TimeSpan period, CancellationToken stop)
    {
        var leader = await PrimaryAsync(stop);
        await PgBenchAsync(["-i", "-q", "-s", $"{Scale}"], stop);
        var before = await MetricsAsync(leader, stop);
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{period.TotalSeconds:0}");
        var hogs = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Hog(seconds)).ToList();
        (int ExitCode, string Said) bench;
        IReadOnlyList<string> leaders;
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var watching = WatchAsync(leader, over.Token);
            bench = await PgBenchAsync(["-c", $"{Clients}", "-j", "2", "-P", "60", "-T", seconds], stop);
            await over.CancelAsync();
            leaders = await watching;
        }
        finally
        {
            hogs.ForEach(End);
        }
        var after = await MetricsAsync(leader, stop);
        return Verdicts(period, bench, leaders, before, after);
    }

    static IReadOnlyList<Verdict> Verdicts(
        TimeSpan period, (int ExitCode, string Said) bench, IReadOnlyList<string> leaders, string before, string after)
    {
        var (first, last) = (Term(before), Term(after));
        var late = LatenessHistogram.Read(after).Since(LatenessHistogram.Read(before));
        var rate = bench.Said.Split('\n').FirstOrDefault(line => line.StartsWith("tps", StringComparison.Ordinal));
        return
        [
            new Verdict($"{period.TotalMinutes:0.#} min of full load: no other leader, no other term",
                leaders.Count == 1 && first == last,
                $"leaders {string.Join(", then ", leaders)}; term {first} before, {last} after"),
            new Verdict("no client of the proxy lost its connection", bench.ExitCode == 0,
                $"pgbench ended with {bench.ExitCode}, {rate ?? "no rate"}"),
            new Verdict("lateness of the heartbeat is in the metrics", late.Total > 0, string.Create(
                CultureInfo.InvariantCulture, $"{late.Total:0} wakes, p99 within {late.Within(0.99) * 1_000} ms, "
                + $"p99.9 within {late.Within(0.999) * 1_000} ms, worst within {late.Within(1) * 1_000} ms")),
        ];
    }

    /// <summary>Whom the agents named, each once, in order.</summary>
    async Task<IReadOnlyList<string>> WatchAsync(string first, CancellationToken stop)
    {
        List<string> seen = [first];
        using var client = new ClusterClient(state);
        try
        {
            while (true)
            {
                await Task.Delay(LookEvery, TimeProvider.System, stop);
                // An agent that is too busy to answer is no sign of anything.
                if (await client.TryClusterAsync(stop) is { } answer
                    && (answer.Leader?.Name ?? "nobody") is var name && name != seen[^1])
                    seen.Add(name);
            }
        }
        catch (OperationCanceledException)
        {
            return seen;
        }
    }

    async Task<string> PrimaryAsync(CancellationToken stop)
    {
        using var health = new Health(state, file);
        var view = await health.WaitAsync(WholeLimit, stop);
        return view is { IsWhole: true, Primary: { } primary }
            ? primary : throw new LabException($"the lab is not whole: {string.Join("; ", view.Missing)}");
    }

    async Task<string> MetricsAsync(string host, CancellationToken stop)
    {
        using var http = LabHttp.Client(state, Limit);
        return await http.GetStringAsync(
            new Uri($"http://{state.Host(host).Address}:{file.Postgres.Rest}/metrics"), stop);
    }

    static string Term(string metrics) => metrics.Split('\n')
        .FirstOrDefault(line => line.StartsWith("holdfast_term{", StringComparison.Ordinal))?.Split(' ')[^1] ?? "?";

    async Task<(int ExitCode, string Said)> PgBenchAsync(IEnumerable<string> arguments, CancellationToken stop)
    {
        var credentials = Credentials.Of(file);
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "pgbench", ["-h", "127.0.0.1", "-p", $"{state.PortOf("primary")}", "-U", credentials.User,
                    .. arguments, credentials.Database])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            },
        };
        process.StartInfo.Environment["PGPASSWORD"] = credentials.Password;
        process.Start();
        try
        {
            var said = await process.StandardOutput.ReadToEndAsync(stop);
            await process.WaitForExitAsync(stop);
            return (process.ExitCode, said);
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>Ends by itself should nobody end it.</summary>
    static Process Hog(string seconds) =>
        Process.Start(new ProcessStartInfo("timeout", [seconds, "sh", "-c", "while :; do :; done"]))!;

    static void End(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
    }
}
