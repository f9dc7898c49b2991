using Holdfast.Lab.Checks;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Doubt;

/// <summary>
/// The primary is killed again and again under clients that commit without a pause: in turns the postmaster, which is
/// started again in place where that is the quicker way, and the whole host, which is a failover. In a lab with one
/// PostgreSQL it is always the postmaster, and always in place. Whatever a client was told of its COMMIT must be so.
/// </summary>
/// <param name="site">Where.</param>
/// <param name="seed">Decides about moments.</param>
/// <param name="results">A line for each kill is added to it; null: nowhere.</param>
sealed class DoubtfulCommits(DoubtSite site, int seed, string? results)
{
    const int Clients = 16;

    /// <summary>From all clients being at it to the kill.</summary>
    const int RunLeastMs = 200, RunMostMs = 1_200;

    readonly Random _random = new(seed);
    readonly List<DoubtRecord> _records = [];
    readonly List<IReadOnlyList<Promise>> _promises = [];

    public async Task<IReadOnlyList<Verdict>> RunAsync(int kills, CancellationToken stop)
    {
        await site.CreateTableAsync(stop);
        for (var round = 1; round <= kills; round++)
        {
            var record = await KillAsync(round, stop);
            _records.Add(record);
            DoubtRecord.Append(results, record);
            Console.WriteLine(record);
            foreach (var example in record.Told.Examples)
                Console.WriteLine($"      {example}");
        }
        return Verdicts(await RejudgeAsync(stop));
    }

    async Task<DoubtRecord> KillAsync(int round, CancellationToken stop)
    {
        var began = Writer.Now;
        var primary = await site.UntilWholeAsync(stop);
        await using var scene = site.SceneOf(primary);
        var before = await site.CountsAsync(stop);
        var isHost = round % 2 == 0 && site.File.Postgres.On.Length > 1;
        await using var load = new DoubtLoad(site, [.. Enumerable.Range(1, Clients).Select(number =>
            new DoubtClient(site, round, number, new CommitKind(true, IsExtended: number % 2 == 0)))], null, stop);
        await load.UntilWritingAsync(began, stop);
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(RunLeastMs, RunMostMs)), TimeProvider.System, stop);
        await (isHost
            ? scene.KillAsync(primary, stop) : scene.KillAsync(primary, HostProcesses.PostgresName, stop));
        await load.UntilWritingAsync(Writer.Now, stop);
        var promises = await load.EndAsync();
        if (isHost)
            await scene.StartAsync(primary, stop);
        _promises.Add(promises);
        var told = Reckoning.Of(promises, await site.RowsAsync(round, stop));
        return new DoubtRecord(
            TimeProvider.System.GetUtcNow(), isHost ? "host" : "postmaster", round, seed, primary,
            await site.PrimaryAsync(stop), Writer.Now - began, told, Answers.Of(promises),
            await site.CountsAsync(stop) - before, Outside: 0, Within: 0);
    }

    /// <summary>What a later failover took, or brought.</summary>
    async Task<Reckoning> RejudgeAsync(CancellationToken stop)
    {
        _ = await site.UntilWholeAsync(stop);
        var all = Reckoning.Nothing;
        for (var round = 1; round <= _promises.Count; round++)
            all += Reckoning.Of(_promises[round - 1], await site.RowsAsync(round, stop));
        return all;
    }

    List<Verdict> Verdicts(Reckoning atEnd)
    {
        var told = _records.Aggregate(Reckoning.Nothing, (sum, record) => sum + record.Told);
        var proxy = _records.Aggregate(ProxyCounts.Nothing, (sum, record) => sum + record.Proxy);
        var (unknown, before, broken) = (_records.Sum(record => record.Answers.Unknown),
            _records.Sum(record => record.Answers.UnknownBefore), _records.Sum(record => record.Answers.Broken));
        var share = proxy.Found / Math.Max(1.0, proxy.Found + unknown + broken);
        var inPlace = _records.Count(record => !record.HasMoved);
        return
        [
            new Verdict($"{_records.Count} kills ({inPlace} restarts in place, {_records.Count - inPlace} failovers): "
                + "no wrong answer", told.Wrong == 0 && told.Committed > 0, told.Summary),
            new Verdict("nor at the end, after all the kills", atEnd.Wrong == 0, atEnd.Summary),
            new Verdict("COMMITs in doubt at a kill were found out", proxy.Found > 0,
                $"{proxy.FoundCommitted} committed, {proxy.FoundRolledBack} rolled back; {unknown} told 08007, "
                + $"{proxy.FoundNothing} of them though the proxy had its transaction id, the others since that was "
                + $"lost, too; {broken} without an answer; share found out {share:P1}; before their COMMIT {before} "
                + "were told 08007"),
        ];
    }
}
