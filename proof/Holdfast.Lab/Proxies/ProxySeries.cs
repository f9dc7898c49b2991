using System.Globalization;
using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Proxies;

/// <summary>Rounds of all cases on all paths. What the file of results has of this series already is not run
/// again.</summary>
/// <param name="Name">Of the series: figures of two are never compared.</param>
/// <param name="Results">The file.</param>
/// <param name="Seconds">Of one turn; for many clients <see cref="ManyTimes"/> as long.</param>
/// <param name="Lock">Of the machine, taken for each case of a round; null: nobody else measures.</param>
sealed record ProxySeries(
    string Name, string Results, IReadOnlyList<ProxyCase> Cases, IReadOnlyList<ProxyPath> Paths, int Rounds,
    int Seconds, string? Lock)
{
    static readonly TimeSpan Warm = TimeSpan.FromSeconds(4);

    /// <summary>The servers of a session pool for so many clients are closed behind: the others need the
    /// room.</summary>
    const int ManyClients = 100;

    /// <summary>Turns of each path in a round. A machine is faster now and slower then, for seconds or for minutes:
    /// what is compared should have had the same of it.</summary>
    const int Turns = 3;

    /// <summary>So many have one turn, as often as long: pgbench connects for some seconds of it.</summary>
    const int ManyTimes = 4;

    /// <summary>Enough for the slowest of the proxies to log in to so many servers, one after the other, with nothing
    /// else to do; and on a slow machine.</summary>
    const int TouchSecondsMin = 4, TouchSecondsMax = 16;

    /// <summary>Of the processors' time during a run: more of it says more about the machine's neighbours than about a
    /// proxy.</summary>
    internal const double StolenAtMost = 0.03;

    /// <summary>Of one turn; the last one counts, whatever was stolen.</summary>
    const int TriesMax = 8;

    public async Task RunAsync(string programs, CancellationToken stop)
    {
        var done = ProxyFile.Read(Results).Where(record => record.Series == Name)
            .Select(record => (record.Case, record.Path, record.Round)).ToHashSet();
        if (Plan().All(run => done.Contains((run.Case.Name, run.Path.Name, run.Round))))
            return;
        await using var stage = await Stage.SetAsync(Paths, programs, stop);
        using (await MachineLock.TakeAsync(Lock, stop))
        {
            foreach (var path in Paths)
                await WarmAsync(stage, path, stop);
        }
        foreach (var runs in Plan().GroupBy(run => (run.Round, run.Case)))
        {
            using var machine = await MachineLock.TakeAsync(Lock, stop);
            var ((round, load), turns) = (runs.Key, new List<ProxyTurn>());
            var paths = runs.Select(run => run.Path)
                .Where(path => !done.Contains((load.Name, path.Name, round))).ToList();
            for (var turn = 0; turn < TurnsOf(load); turn++)
            {
                foreach (var path in paths)
                    turns.Add(await RunQuietAsync(stage, load, path, round, stop));
            }
            foreach (var path in paths)
                ProxyFile.Append(Results, Together(load, path, round, turns.FindAll(turn => turn.Path == path)));
        }
    }

    static int TurnsOf(ProxyCase load) => load.Clients >= ManyClients ? 1 : Turns;

    ProxyRecord Together(ProxyCase load, ProxyPath path, int round, List<ProxyTurn> turns)
    {
        var record = new ProxyRecord(Name, load.Name, path.Name, round, turns[0].At);
        if (turns.Find(turn => turn.Problem is not null) is { } failed)
            return record with { Problem = failed.Problem };
        var all = PgbenchResult.Together([.. turns.Select(turn => turn.Result!)]);
        return record with
        {
            PerSecond = all.PerSecond, P50Ms = all.PercentileMs(0.5), P99Ms = all.PercentileMs(0.99),
            CpuUs = turns[0].Cpu is null ? null
                : turns.Sum(turn => turn.Cpu!.Value.TotalMicroseconds) / all.Transactions,
            ResidentMib = turns[^1].ResidentMib, Stolen = turns.Max(turn => turn.Stolen),
        };
    }

    async Task<ProxyTurn> RunQuietAsync(
        Stage stage, ProxyCase load, ProxyPath path, int round, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            var turn = await RunAsync(stage, load, path, stop);
            await Console.Error.WriteLineAsync($"{round}  {load.Name,-13} {path.Name,-22} {turn}");
            if (!(turn.Stolen > StolenAtMost) || tries == TriesMax)
                return turn;
        }
    }

    // Each path has each place within a round in turn.
    IEnumerable<(int Round, ProxyCase Case, ProxyPath Path)> Plan() =>
        from round in Enumerable.Range(1, Rounds)
        from load in Cases
        from place in Enumerable.Range(0, Paths.Count)
        let path = Paths[(place + round - 1) % Paths.Count]
        where load.IsFor(path)
        select (round, load, path);

    // Caches are filled, servers opened, and what runs often has been compiled: a proxy runs for weeks.
    async Task WarmAsync(Stage stage, ProxyPath path, CancellationToken stop)
    {
        foreach (var load in Cases.Select(load => load.Load).Distinct(StringComparer.Ordinal))
        {
            var warm = new ProxyCase(load, ProxyCase.BusyClients);
            if (warm.IsFor(path))
                _ = await stage.Pgbench.RunAsync(warm, stage.PortOf(path), path.User, Warm, stop);
        }
    }

    async Task<ProxyTurn> RunAsync(Stage stage, ProxyCase load, ProxyPath path, CancellationToken stop)
    {
        var turn = new ProxyTurn(path, DateTimeOffset.UtcNow);
        var keepsServers = path is { IsSession: true, KeepsServers: true };
        var (port, pgbench) = (stage.PortOf(path), stage.Pgbench);
        try
        {
            if (keepsServers && load.Load != ProxyCase.Connect)
                await OpenServersAsync(stage, path, load.Clients, stop);
            var time = TimeSpan.FromSeconds(load.Clients >= ManyClients ? ManyTimes * Seconds : Seconds);
            var (before, machine) = (stage.CostOf(path), MachineTime.Now);
            var running = pgbench.RunAsync(load, port, path.User, time, stop);
            await Task.Delay(time * 0.8, TimeProvider.System, stop);
            var resident = stage.CostOf(path)?.ResidentMib;
            var result = await running;
            var stolen = MachineTime.Now.StolenSince(machine);
            var cpu = stage.CostOf(path)?.Cpu - before?.Cpu;
            if (keepsServers && load.Clients >= ManyClients)
                await stage.EndServersAsync(path, stop);
            return turn with { Result = result, Cpu = cpu, ResidentMib = resident, Stolen = stolen };
        }
        catch (LabException failed)
        {
            return turn with { Problem = failed.Message };
        }
    }

    // Without it a proxy that logs in slowly serves some clients, and well, while the others wait and count for
    // nothing: what never ends has no time.
    static async Task OpenServersAsync(Stage stage, ProxyPath path, int clients, CancellationToken stop)
    {
        var servers = await stage.ServersOfAsync(path, stop);
        for (var seconds = TouchSecondsMin; servers < clients && seconds <= TouchSecondsMax; seconds *= 2)
        {
            await stage.Pgbench.TouchAsync(clients, seconds, stage.PortOf(path), path.User, stop);
            servers = await stage.ServersOfAsync(path, stop);
        }
        if (servers < clients)
            throw new LabException($"{servers} servers for {clients} clients");
    }
}
