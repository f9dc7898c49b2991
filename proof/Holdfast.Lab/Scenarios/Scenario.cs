using System.Collections.Immutable;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Scenarios;

/// <summary>One thing that goes wrong while clients write, and how it is put right again.</summary>
/// <param name="Name">For the command line and the results.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Break">Returns once it is broken.</param>
/// <param name="Mend">After the load has ended.</param>
sealed record Scenario(
    string Name,
    string Meaning,
    Func<Scene, CancellationToken, Task> Break,
    Func<Scene, CancellationToken, Task> Mend)
{
    public static ImmutableArray<Scenario> All { get; } =
    [
        new("postmaster", "the postmaster and its children are killed",
            (scene, stop) => scene.KillAsync(scene.Primary, "postgres", stop), Nothing),
        new("host", "the primary's host is lost: its network first, then everything on it",
            (scene, stop) => scene.KillAsync(scene.Primary, stop), Start),
        new("host-with-etcd-leader", "the primary's host is lost, and etcd's leader with it",
            async (scene, stop) =>
            {
                await scene.PutEtcdLeaderOnAsync(scene.Primary, stop);
                await scene.KillAsync(scene.Primary, stop);
            }, Start),
        new("agent-frozen", "the primary's agent is frozen",
            (scene, stop) => scene.PauseAsync(scene.Primary, "agent", stop), Resume),
        new("postgres-frozen", "PostgreSQL of the primary is frozen",
            (scene, stop) => scene.PauseAsync(scene.Primary, "postgres", stop), Resume),
        new("agent-and-supervisor-frozen", "the primary's agent and supervisor are frozen",
            async (scene, stop) =>
            {
                await scene.PauseAsync(scene.Primary, "supervisor", stop);
                await scene.PauseAsync(scene.Primary, "agent", stop);
            }, Resume),
        new("cut", "the primary is cut off from everybody",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.All, stop), Heal),
        new("cut-from-etcd", "the primary is cut off from etcd",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.Etcd, stop), Heal),
        new("cut-from-replicas", "the primary is cut off from its replicas",
            (scene, stop) => scene.CutAsync(scene.Primary, Cut.Replicas, stop), Heal),
        new("etcd-leader-frozen", "etcd's leader is frozen",
            async (scene, stop) =>
            {
                using var etcd = new EtcdLeadership(scene.State, scene.File);
                await scene.PauseAsync(await etcd.HostAsync(stop), "etcd", stop);
            }, ResumeAll),
        new("all-hosts", "all hosts are killed at once, and started again",
            async (scene, stop) =>
            {
                foreach (var host in scene.Hosts)
                    await scene.KillAsync(host, stop);
                foreach (var host in scene.Hosts)
                    await scene.StartAsync(host, stop);
            }, Nothing),
        new("switchover", "a planned switchover", (scene, stop) => scene.SwitchOverAsync(stop), Nothing),
    ];

    public static Scenario Get(string name) => All.FirstOrDefault(scenario => scenario.Name == name)
        ?? throw new LabException(Wrong.Word("fault", name, All.Select(scenario => scenario.Name)));

    static Task Nothing(Scene scene, CancellationToken stop) => Task.CompletedTask;
    static Task Start(Scene scene, CancellationToken stop) => scene.StartAsync(scene.Primary, stop);
    static Task Resume(Scene scene, CancellationToken stop) => scene.ResumeAsync(scene.Primary, stop);
    static Task Heal(Scene scene, CancellationToken stop) => scene.HealAsync(scene.Primary, stop);

    static async Task ResumeAll(Scene scene, CancellationToken stop)
    {
        foreach (var host in scene.Hosts)
            await scene.ResumeAsync(host, stop);
    }
}
