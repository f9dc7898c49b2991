using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Checks;

/// <summary>What becomes of a whole lab when its store is away, under writers: with failsafe mode, with a member lost
/// meanwhile, without failsafe mode, and with a store that came back old.</summary>
sealed class StoreOutage(string lab, ClusterFile file)
{
    static readonly TimeSpan Before = TimeSpan.FromSeconds(3), Settle = TimeSpan.FromSeconds(5);
    static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(90), OldStoreFor = TimeSpan.FromSeconds(20);

    TimeSpan Ttl => TimeSpan.FromSeconds(file.Postgres.Dcs.Ttl.TotalSeconds);

    /// <summary>With failsafe mode and all members: clients notice nothing.</summary>
    public async Task<IReadOnlyList<Verdict>> AllMembersUpAsync(TimeSpan outage, CancellationToken stop)
    {
        await using var scene = await WholeAsync(failsafe: true, stop);
        var came = false;
        var (report, _) = await UnderWritersAsync(scene, async () =>
        {
            await HangAsync(scene, stop);
            await Task.Delay(outage, TimeProvider.System, stop);
            came = await AnswersAsync(scene, stop);
            await ResumeAsync(scene, stop);
        }, stop);
        var failed = report.Errors.Where(error => !error.Key.StartsWith("read_", StringComparison.Ordinal))
            .Sum(error => error.Value);
        return
        [
            new Verdict($"etcd hangs for {outage.TotalMinutes:0.#} min, failsafe on, all members up: 0 failed writes",
                failed == 0 && !came, string.Create(
                    CultureInfo.InvariantCulture, $"{report.Acknowledged} acknowledged, {failed} failed, longest gap "
                    + $"{report.LongestOutageMs:0} ms{(came ? ", but etcd was back before its time" : "")}")),
            Safe(report),
        ];
    }

    /// <summary>With failsafe mode, and then a member is gone too: nobody can know what it would say.</summary>
    public async Task<IReadOnlyList<Verdict>> MemberDownAsync(CancellationToken stop)
    {
        await using var scene = await WholeAsync(failsafe: true, stop);
        var replica = scene.Hosts.First(host => host != scene.Primary);
        var (cause, until) = (0.0, 0.0);
        var (report, told) = await UnderWritersAsync(scene, async () =>
        {
            await HangAsync(scene, stop);
            await Task.Delay(Settle, TimeProvider.System, stop);
            cause = Writer.Now;
            await scene.KillAsync(replica, stop);
            await Task.Delay(Ttl + Settle, TimeProvider.System, stop);
            until = Writer.Now;
            await ResumeAsync(scene, stop);
            await scene.StartAsync(replica, stop);
        }, stop);
        return
        [
            new Verdict("the same, until then: the primary goes on", told.LastMs(cause - 1_000, cause) is not null,
                told.LastMs(cause - 1_000, cause) is null ? "no write in the last second before" : "it did"),
            told.StoppedWithin("a member is lost too: the primary is demoted within ttl",
                cause, Ttl.TotalMilliseconds, until),
            Safe(report),
        ];
    }

    public async Task<IReadOnlyList<Verdict>> WithoutFailsafeAsync(CancellationToken stop)
    {
        await using var scene = await WholeAsync(failsafe: false, stop);
        var (cause, until) = (0.0, 0.0);
        var (report, told) = await UnderWritersAsync(scene, async () =>
        {
            cause = Writer.Now;
            await HangAsync(scene, stop);
            await Task.Delay(Ttl + Settle, TimeProvider.System, stop);
            until = Writer.Now;
            await ResumeAsync(scene, stop);
        }, stop);
        return
        [
            told.StoppedWithin("etcd hangs, failsafe off: the primary is demoted within ttl",
                cause, Ttl.TotalMilliseconds, until),
            Safe(report),
        ];
    }

    /// <summary>Last of all: the operator's step at the end is part of it.</summary>
    public async Task<IReadOnlyList<Verdict>> OldCopyAsync(CancellationToken stop)
    {
        await using (var before = await WholeAsync(failsafe: false, stop))
        {
            await new EtcdCopies(before.State, file).TakeAsync(stop);
            _ = await LookAsync(stop);
            await before.SwitchOverAsync(stop);
        }
        await using var scene = await LookAsync(stop);
        var copies = new EtcdCopies(scene.State, file);
        var (cause, until) = (0.0, 0.0);
        var repaired = false;
        var (report, told) = await UnderWritersAsync(scene, async () =>
        {
            cause = Writer.Now;
            await copies.PutBackAsync(stop);
            await Task.Delay(OldStoreFor, TimeProvider.System, stop);
            until = Writer.Now;
            repaired = !await IsWholeAsync(stop);
            if (repaired)
                await RaiseTermBaseAsync(scene, copies.HighestTerm() + 1, stop);
        }, stop);
        var own = scene.State.Host(scene.Primary).Address;
        var others = told.ServersAfter(cause).Where(server => server != own && told.All.Any(
            attempt => attempt.Server == server && attempt.EndedMs <= until)).ToList();
        var goesOn = told.LastMs(until - 2_000, until) is not null;
        return
        [
            new Verdict("etcd restored from an old copy: nobody is promoted", others is [],
                others is [] ? "nobody but the primary wrote" : $"{string.Join(", ", others)} wrote"),
            new Verdict("the primary goes on, or says what to do", goesOn || Says(scene),
                goesOn ? "it goes on"
                    : Says(scene) ? "it stopped, and names term_base" : "it stopped and says nothing"),
            new Verdict("whole again", true, repaired ? "after term_base was raised" : "by itself"),
            Safe(report),
        ];
    }

    async Task<(TrafficReport Report, Acknowledgements Told)> UnderWritersAsync(
        Scene scene, Func<Task> fault, CancellationToken stop)
    {
        var traffic = new Traffic(scene.State, file);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var flow = await traffic.StartAsync(direct: true, over.Token, stop);
        try
        {
            await Task.Delay(Before, TimeProvider.System, stop);
            await fault();
            await using var whole = await LookAsync(stop);
            await over.CancelAsync();
            var report = await traffic.EndAsync(flow, untilMs: null, ledgerFile: null);
            return (report, await Acknowledgements.OfAsync(flow));
        }
        finally
        {
            await over.CancelAsync();
            await flow.Workers;
        }
    }

    async Task<Scene> WholeAsync(bool failsafe, CancellationToken stop)
    {
        var scene = await LookAsync(stop);
        await DynamicConfiguration.ApplyAsync(scene.State, file, scene.Primary,
            DynamicConfiguration.Patch([$"failsafe_mode={(failsafe ? "true" : "false")}"]), stop);
        // Until everybody has it, and the members that must be asked are written down.
        await Task.Delay(Settle, TimeProvider.System, stop);
        return scene;
    }

    /// <exception cref="LabException">It does not become whole.</exception>
    async Task<Scene> LookAsync(CancellationToken stop)
    {
        using var health = new Health(Labs.Get(lab), file);
        var view = await health.WaitAsync(WholeLimit, stop);
        return view is { IsWhole: true, Primary: { } primary } ? new Scene(lab, file, primary)
            : throw new LabException(
                $"not whole within {WholeLimit.TotalSeconds} s: {string.Join("; ", view.Missing)}");
    }

    async Task<bool> IsWholeAsync(CancellationToken stop)
    {
        using var health = new Health(Labs.Get(lab), file);
        return (await health.WaitAsync(TimeSpan.Zero, stop)).IsWhole;
    }

    /// <summary>Connections are taken, and nobody answers: worse than a refusal.</summary>
    async Task HangAsync(Scene scene, CancellationToken stop)
    {
        foreach (var host in file.Etcd.On)
            await scene.PauseAsync(host.Value, "etcd", stop);
    }

    static async Task ResumeAsync(Scene scene, CancellationToken stop)
    {
        foreach (var host in scene.State.Hosts.Where(host => host.IsRunning))
            await scene.ResumeAsync(host.Name, stop);
    }

    async Task<bool> AnswersAsync(Scene scene, CancellationToken stop)
    {
        using var etcd = new EtcdLeadership(scene.State, file);
        return await etcd.AnswersAsync(stop);
    }

    async Task RaiseTermBaseAsync(Scene scene, long least, CancellationToken stop)
    {
        using var etcd = new EtcdLeadership(scene.State, file);
        await etcd.PutKeyAsync(
            $"/holdfast/{file.Cluster}/term_base", least.ToString(CultureInfo.InvariantCulture), stop);
    }

    static bool Says(Scene scene)
    {
        var log = Path.Combine(new LabFolders(scene.Lab).LogsOf(scene.Primary), "agent.jsonl");
        return File.Exists(log) && File.ReadLines(log).Any(
            line => line.Contains("term_base", StringComparison.Ordinal));
    }

    static Verdict Safe(TrafficReport report) => new(
        "nothing lost, no two writers", report is { Lost: 0, DualWriters: 0 },
        $"{report.Acknowledged} acknowledged, {report.Lost} lost, {report.DualWriters} dual");
}
