using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;

namespace Holdfast.Sim.Runs;

/// <summary>Many worlds, two at a time: each on one thread, and none knows of another.</summary>
internal static class ManySeeds
{
    public const int ThreadsMax = 2;

    /// <param name="first">The first seed.</param>
    /// <param name="count">How many, one after the other.</param>
    /// <param name="mutation">What is broken on purpose.</param>
    /// <param name="stopAtFirst">No more worlds begin after the first broken promise.</param>
    /// <param name="focus">Null: that of <paramref name="mutation"/>.</param>
    /// <param name="each">Called with each result, one at a time.</param>
    public static IReadOnlyList<RunResult> Run(
        ulong first, int count, Mutation mutation, bool stopAtFirst, Focus? focus = null,
        Action<RunResult>? each = null)
    {
        var (next, gate, results) = (-1, new Lock(), new List<RunResult>(count));
        var isOver = false;
        focus ??= mutation == Mutation.None ? null : Focus.Of(mutation);
        var threads = Enumerable.Range(0, Math.Min(ThreadsMax, Environment.ProcessorCount)).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref isOver) && Interlocked.Increment(ref next) is var at && at < count)
            {
                var result = SeedRun.Run(FaultPlan.Of(first + (ulong)at, focus), mutation);
                lock (gate)
                {
                    results.Add(result);
                    each?.Invoke(result);
                    if (stopAtFirst && result.Broken is not null)
                        Volatile.Write(ref isOver, true);
                }
            }
        }) { Name = "world" }).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return results;
    }
}
