using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Scenarios;

/// <summary>Carries a scenario out once, under traffic, on a lab that is whole before and after. The traffic goes on
/// until it is whole again: what a mended server undoes is lost too.</summary>
sealed class ScenarioRun(string lab, ClusterFile file, string variant)
{
    static readonly TimeSpan BreakAfter = TimeSpan.FromSeconds(3), LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Patroni's defaults take that long.</summary>
    static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(90);
    static readonly TimeSpan LoadMost = TimeSpan.FromSeconds(40), RivalLoadMost = TimeSpan.FromSeconds(90);

    /// <exception cref="LabException">The lab is not whole, or does not become so again.</exception>
    public async Task<OutageRecord> RunAsync(Scenario scenario, CancellationToken stop)
    {
        await using var scene = new Scene(lab, file, await WholeAsync(stop));
        using (var etcd = new EtcdLeadership(scene.State, file))
            await etcd.PutAsync(scene.Primary, off: true, stop);
        var traffic = new Traffic(scene.State, file);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var flow = await traffic.StartAsync(direct: true, over.Token, stop);
        try
        {
            await Task.Delay(BreakAfter, TimeProvider.System, stop);
            await scenario.Break(scene, stop);
            await WatchAsync(scenario, scene, flow, stop);
            var (until, mended) = (Writer.Now, TimeProvider.System.GetTimestamp());
            await scenario.Mend(scene, stop);
            _ = await WholeAsync(stop);
            var whole = TimeProvider.System.GetElapsedTime(mended);
            await over.CancelAsync();
            return Record(scenario, await traffic.EndAsync(flow, until, ledgerFile: null), whole);
        }
        finally
        {
            await over.CancelAsync();
            await flow.Workers;
        }
    }

    async Task WatchAsync(Scenario scenario, Scene scene, TrafficFlow flow, CancellationToken stop)
    {
        var most = scene.State.Rival is null ? LoadMost : RivalLoadMost;
        var left = scenario.Moves ? scene.State.Host(scene.Primary).Address : null;
        var end = new LoadEnd(Writer.Now, left, most.TotalMilliseconds);
        while (!end.IsReached(flow.Ledger.AcknowledgedSince(Writer.Now - LoadEnd.SteadyMs), Writer.Now))
            await Task.Delay(LookEvery, TimeProvider.System, stop);
    }

    OutageRecord Record(Scenario scenario, TrafficReport report, TimeSpan whole) => new(
        scenario.Name,
        TimeProvider.System.GetUtcNow(),
        report.LongestOutageMs,
        Math.Round(whole.TotalMilliseconds),
        report.Acknowledged,
        report.Lost,
        report.DualWriters ?? 0,
        variant);

    async Task<string> WholeAsync(CancellationToken stop)
    {
        using var health = new Health(Labs.Get(lab), file);
        var view = await health.WaitAsync(WholeLimit, stop);
        return view is { IsWhole: true, Primary: { } primary } ? primary
            : throw new LabException(
                $"not whole within {WholeLimit.TotalSeconds} s: {string.Join("; ", view.Missing)}");
    }
}
