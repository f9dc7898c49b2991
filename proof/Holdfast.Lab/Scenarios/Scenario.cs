using System.Collections.Immutable;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Scenarios;

/// <summary>One thing that goes wrong while clients write, and how it is put right again.</summary>
/// <param name="Name">For the command line and the results.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Break">Returns once it is broken.</param>
/// <param name="Mend">After clients have seen what there is to see; it returns the lab whole.</param>
sealed record Scenario(
    string Name,
    string Meaning,
    Func<Scene, CancellationToken, Task> Break,
    Func<Scene, CancellationToken, Task> Mend)
{
    /// <summary>How long a frozen disk stays so: longer than etcd needs for another leader and for ending a lease that
    /// nobody renews.</summary>
    static readonly TimeSpan DiskFrozenFor = TimeSpan.FromSeconds(6);

    /// <summary>Whether writing can only go on elsewhere.</summary>
    public bool Moves { get; init; }

    /// <summary>Whether it can be carried out only where hosts have disks of their own.</summary>
    public bool NeedsDisks { get; init; }

    public static ImmutableArray<Scenario> All { get; } =
    [
        new("postmaster", "the postmaster and its children are killed",
            (scene, stop) => scene.KillAsync(scene.Primary, "postgres", stop), Nothing),
        new("host", "the primary's host is lost: its network first, then everything on it",
            (scene, stop) => scene.KillAsync(scene.Primary, stop), Start) { Moves = true },
        new("host-with-etcd-leader", "the primary's host is lost, and etcd's leader with it",
            async (scene, stop) =>
            {
                await scene.PutEtcdLeaderOnAsync(scene.Primary, stop);
                await scene.KillAsync(scene.Primary, stop);
            }, Start) { Moves = true },
        new("agent-frozen", "the primary's agent is frozen",
            (scene, stop) => scene.PauseAsync(scene.Primary, "agent", stop), Resume) { Moves = true },
        new("postgres-frozen", "PostgreSQL of the primary is frozen",
            (scene, stop) => scene.PauseAsync(scene.Primary, "postgres", stop), Resume) { Moves = true },
        new("agent-and-supervisor-frozen", "the primary's agent and supervisor are frozen",
            async (scene, stop) =>
            {
                await scene.PauseAsync(scene.Primary, "supervisor", stop);
                await scene.PauseAsync(scene.Primary, "agent", stop);
            }, Resume) { Moves = true },
        new("cut", "the primary is cut off from everybody",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.All, stop), Heal) { Moves = true },
        new("cut-from-etcd", "the primary is cut off from etcd",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.Etcd, stop), Heal) { Moves = true },
        new("cut-from-replicas", "the primary is cut off from its replicas",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.Replicas, stop), Heal),
        new("etcd-leader-frozen", "etcd's leader is frozen",
            async (scene, stop) =>
            {
                using var etcd = new EtcdLeadership(scene.State, scene.File);
                await scene.PauseAsync(await etcd.HostAsync(stop), "etcd", stop);
            }, ResumeAll),
        new("etcd-leader-disk-frozen", "the disk of etcd's leader is frozen for 6 s; the primary is elsewhere",
            async (scene, stop) =>
            {
                using var etcd = new EtcdLeadership(scene.State, scene.File);
                var leader = await etcd.HostAsync(stop);
                await scene.FreezeEtcdDiskAsync(leader, stop);
                await ThawLaterAsync(scene, leader, stop);
            }, Thaw) { NeedsDisks = true },
        new("etcd-leader-disk-frozen-here", "the same, with the primary's agent using that member",
            async (scene, stop) =>
            {
                await scene.PutEtcdLeaderOnAsync(scene.Primary, stop);
                await scene.FreezeEtcdDiskAsync(scene.Primary, stop);
                await scene.ResumeAsync(scene.Primary, stop);
                await ThawLaterAsync(scene, scene.Primary, stop);
            }, Thaw) { NeedsDisks = true },
        new("disk-full", "the disk of the primary is full, and stays so",
            (scene, stop) => scene.FillDiskAsync(scene.Primary, stop),
            (scene, _) => scene.EmptyDiskAsync(scene.Primary)) { NeedsDisks = true },
        new("leader-key-deleted", "the leader key is deleted by hand",
            (scene, stop) => scene.DeleteLeaderKeyAsync(stop), Nothing),
        new("all-hosts", "all hosts are killed at once, and started again",
            async (scene, stop) =>
            {
                foreach (var host in scene.Hosts)
                    await scene.KillAsync(host, stop);
                foreach (var host in scene.Hosts)
                    await scene.StartAsync(host, stop);
            }, Nothing),
        new("switchover", "a planned switchover",
            (scene, stop) => scene.SwitchOverAsync(stop), Nothing) { Moves = true },
    ];

    public static Scenario Get(string name) => All.FirstOrDefault(scenario => scenario.Name == name)
        ?? throw new LabException(Wrong.Word("fault", name, All.Select(scenario => scenario.Name)));

    static Task Nothing(Scene scene, CancellationToken stop) => Task.CompletedTask;
    static Task Start(Scene scene, CancellationToken stop) => scene.StartAsync(scene.Primary, stop);
    static Task Resume(Scene scene, CancellationToken stop) => scene.ResumeAsync(scene.Primary, stop);
    static Task Heal(Scene scene, CancellationToken stop) => scene.HealAsync(scene.Primary, stop);

    static async Task ThawLaterAsync(Scene scene, string host, CancellationToken stop)
    {
        await Task.Delay(DiskFrozenFor, TimeProvider.System, stop);
        await scene.ThawDiskAsync(host, stop);
    }

    static async Task Thaw(Scene scene, CancellationToken stop)
    {
        foreach (var host in scene.Hosts)
            await scene.ThawDiskAsync(host, stop);
    }

    static async Task ResumeAll(Scene scene, CancellationToken stop)
    {
        foreach (var host in scene.Hosts)
            await scene.ResumeAsync(host, stop);
    }
}
