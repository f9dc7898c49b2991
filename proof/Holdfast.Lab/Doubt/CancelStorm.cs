using Holdfast.Lab.Checks;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Doubt;

/// <summary>
/// Clients whose statements are cancelled all the time, while the primary is cut off from its standbys and then lost
/// for good: each cancel of a commit that waits for them makes PostgreSQL say success of what only the primary has.
/// The proxy must not pass that on.
/// </summary>
/// <param name="site">Where.</param>
/// <param name="seed">Decides about moments.</param>
/// <param name="results">A line for each round is added to it; null: nowhere.</param>
sealed class CancelStorm(DoubtSite site, int seed, string? results)
{
    const int Clients = 12;

    /// <summary>How long all is well but for the cancels, and how long the cut lasts before the primary is
    /// lost.</summary>
    const int CalmLeastMs = 500, CalmMostMs = 1_500, CutLeastMs = 1_000, CutMostMs = 4_000;

    /// <summary>From the primary's loss to the first success elsewhere; if there is none, only its host has what
    /// counts, and is started again.</summary>
    static readonly TimeSpan FailoverLimit = TimeSpan.FromSeconds(20);

    /// <summary>In turns: a statement alone, a transaction; by simple query and by the extended protocol.</summary>
    static readonly CommitKind[] s_kinds = [new(false, false), new(false, true), new(true, false), new(true, true)];

    readonly Random _random = new(seed);
    readonly List<DoubtRecord> _records = [];

    public async Task<IReadOnlyList<Verdict>> RunAsync(int rounds, CancellationToken stop)
    {
        await site.CreateTableAsync(stop);
        for (var round = 1; round <= rounds; round++)
        {
            var record = await RoundAsync(round, stop);
            _records.Add(record);
            DoubtRecord.Append(results, record);
            Console.WriteLine(record);
            foreach (var example in record.Told.Examples)
                Console.WriteLine($"      {example}");
        }
        return Verdicts();
    }

    async Task<DoubtRecord> RoundAsync(int round, CancellationToken stop)
    {
        var began = Writer.Now;
        var primary = await site.UntilWholeAsync(stop);
        await using var scene = site.SceneOf(primary);
        var before = await site.CountsAsync(stop);
        await using var load = new DoubtLoad(site, [.. Enumerable.Range(1, Clients).Select(number =>
            new DoubtClient(site, round, number, s_kinds[number % s_kinds.Length]))], _random.Next(), stop);
        await load.UntilWritingAsync(began, stop);
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(CalmLeastMs, CalmMostMs)), TimeProvider.System, stop);
        var cut = Writer.Now;
        await scene.CutAsync(primary, Cut.Replicas, stop);
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(CutLeastMs, CutMostMs)), TimeProvider.System, stop);
        await scene.KillAsync(primary, stop);
        var lost = Writer.Now;
        var hasMoved = await load.IsWritingAsync(lost, FailoverLimit, stop);
        if (!hasMoved)
            await scene.StartAsync(primary, stop);
        await load.EndCancelsAsync();
        await load.UntilWritingAsync(lost, stop);
        var promises = await load.EndAsync();
        if (hasMoved)
            await scene.StartAsync(primary, stop);
        // What the lost primary alone had must not come back with it, either.
        var next = await site.UntilWholeAsync(stop);
        var committed = promises.Where(promise => promise.Told == Told.Committed).ToList();
        var within = committed.Count(promise => promise.EndedMs > cut && promise.BeganMs < lost);
        return new DoubtRecord(
            TimeProvider.System.GetUtcNow(), "cancel-storm", round, seed, primary, next,
            Writer.Now - began, Reckoning.Of(promises, await site.RowsAsync(round, stop)), Answers.Of(promises),
            await site.CountsAsync(stop) - before, committed.Count - within, within);
    }

    List<Verdict> Verdicts()
    {
        var told = _records.Aggregate(Reckoning.Nothing, (sum, record) => sum + record.Told);
        var proxy = _records.Aggregate(ProxyCounts.Nothing, (sum, record) => sum + record.Proxy);
        var unknown = _records.Sum(record => record.Answers.Unknown);
        return
        [
            new Verdict($"{_records.Count} storms of cancels in a cut: no success that is missing later",
                told.Lost == 0, $"{told.Committed} told committed, {told.Lost} missing"),
            new Verdict("nor any other wrong answer", told.Wrong == told.Lost, told.Summary),
            new Verdict("none of it an empty test", _records.All(
                record => record is { Outside: > 0, HasMoved: true, Proxy: { Cancels: > 0, Doubted: > 0 } }),
                $"{_records.Count(record => record.HasMoved)} failovers; {proxy.Cancels} cancels; "
                + $"{_records.Sum(record => record.Outside)} told committed outside the cuts, "
                + $"{_records.Sum(record => record.Within)} in them; {proxy.Doubted} successes withheld, {unknown} "
                + $"told 08007, {told.InDoubt - told.InDoubtThere} in doubt and not there"),
        ];
    }
}
