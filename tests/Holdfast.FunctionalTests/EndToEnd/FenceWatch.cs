using Holdfast.Foundation.Processes;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>Watches a primary's PostgreSQL from the machine, whatever the network is doing: when was all of it
/// dead?</summary>
sealed class FenceWatch
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly ProcessIdentity _postmaster;
    readonly Task<double?> _deadAtMs;

    /// <summary>Begin just before the fault.</summary>
    public FenceWatch(RunningLab lab, string host)
    {
        _postmaster = new HostProcesses(lab.State, lab.State.Host(host)).Postmaster.ShouldNotBeNull();
        _deadAtMs = WatchAsync();
    }

    /// <summary>The old primary was dead before anybody acknowledged on a newer timeline.</summary>
    public async Task ShouldPrecedeTakeoverAsync(IEnumerable<Attempt> attempts)
    {
        var acknowledged = attempts.Where(attempt => attempt.Outcome == Outcome.Acknowledged).ToList();
        var first = acknowledged.Min(attempt => attempt.Timeline);
        var takeover = acknowledged.Where(attempt => attempt.Timeline > first).Select(
            attempt => attempt.EndedMs).DefaultIfEmpty(-1).Min();
        if (takeover < 0)
            return; // Nobody took over.
        var dead = (await _deadAtMs).ShouldNotBeNull("the old primary's PostgreSQL was never killed");
        dead.ShouldBeLessThan(takeover);
    }

    async Task<double?> WatchAsync()
    {
        // Backends outlive a killed postmaster: each that was ever seen counts.
        var seen = new HashSet<ProcessIdentity>();
        var dead = await Wait.ForAsync(() =>
        {
            seen.UnionWith(ProcessTree.Below([_postmaster.Pid], new HashSet<int>()));
            seen.RemoveWhere(process => !process.IsAlive);
            return seen.Count == 0 && !_postmaster.IsAlive;
        }, Limit, Stop);
        return dead ? Writer.Now : null;
    }
}
