using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Scenarios;

/// <summary>Carries a scenario out once, under traffic, on a lab that is whole before and after.</summary>
sealed class ScenarioRun(string lab, ClusterFile file)
{
    static readonly TimeSpan LoadFor = TimeSpan.FromSeconds(20), BreakAfter = TimeSpan.FromSeconds(4);
    static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(90);

    /// <exception cref="LabException">The lab is not whole, or does not become so again.</exception>
    public async Task<OutageRecord> RunAsync(Scenario scenario, CancellationToken stop)
    {
        var scene = new Scene(lab, file, await WholeAsync(stop));
        using (var etcd = new EtcdLeadership(scene.State, file))
            await etcd.PutAsync(scene.Primary, off: true, stop);
        var traffic = new Traffic(scene.State, file).RunAsync(LoadFor, direct: true, ledgerFile: null, stop);
        await Task.Delay(BreakAfter, TimeProvider.System, stop);
        await scenario.Break(scene, stop);
        var report = await traffic;
        var mended = TimeProvider.System.GetTimestamp();
        await scenario.Mend(scene, stop);
        _ = await WholeAsync(stop);
        return new OutageRecord(
            scenario.Name,
            TimeProvider.System.GetUtcNow(),
            report.LongestOutageMs,
            Math.Round(TimeProvider.System.GetElapsedTime(mended).TotalMilliseconds),
            report.Acknowledged,
            report.Lost,
            report.DualWriters ?? 0);
    }

    async Task<string> WholeAsync(CancellationToken stop)
    {
        using var health = new Health(Labs.Get(lab), file);
        var view = await health.WaitAsync(WholeLimit, stop);
        return view is { IsWhole: true, Primary: { } primary } ? primary
            : throw new LabException(
                $"not whole within {WholeLimit.TotalSeconds} s: {string.Join("; ", view.Missing)}");
    }
}
