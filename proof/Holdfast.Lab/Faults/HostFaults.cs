using Holdfast.Foundation.Processes;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Faults;

/// <summary>Faults of a whole host. Each returns the lab's new state, already saved.</summary>
static class HostFaults
{
    /// <summary>As if its power went: the cable first, so that no closing connection warns anybody, then everything.
    /// Its data folder stays; its /run and shared memory are gone.</summary>
    public static async Task<LabState> KillAsync(LabState state, LabHost host, CancellationToken stop)
    {
        if (!host.IsRunning)
            throw new LabException($"host {host.Name} is down already: lab fault start-host {host.Name}");
        var folders = new LabFolders(state.Lab);
        await Cabling.PlugAsync(state, host, plugged: false, stop);
        await Disks.ThawAsync(folders.Of(host.Name), stop);
        await folders.CgroupOf(host.Name).KillAsync(stop);
        return Saved(state.With(host with { First = null, Cuts = [] }));
    }

    public static async Task<LabState> StartAsync(LabState state, LabHost host, CancellationToken stop)
    {
        if (host.IsRunning)
            throw new LabException($"host {host.Name} is running: lab fault kill-host {host.Name} first");
        var cgroup = new LabFolders(state.Lab).CgroupOf(host.Name);
        await cgroup.KillAsync(stop);
        await cgroup.RemoveAsync(stop);
        await Cabling.RebuildAsync(state, host, stop);
        return Saved(state.With(await HostStart.StartAsync(state, host, stop)));
    }

    public static Task PauseAsync(LabState state, LabHost host, CancellationToken stop) =>
        CgroupOf(state, host).FreezeAsync(frozen: true, stop);

    /// <summary>Whatever was paused on it, as a whole or a program at a time.</summary>
    public static async Task ResumeAsync(LabState state, LabHost host, CancellationToken stop)
    {
        var cgroup = CgroupOf(state, host);
        await cgroup.FreezeAsync(frozen: false, stop);
        foreach (var pid in cgroup.Processes())
        {
            if (ProcessStat.Read(pid) is { State: 'T' } stat)
                new ProcessIdentity(pid, stat.StartTicks).TrySignal(Signal.Continue);
        }
    }

    public static async Task<LabState> CutAsync(LabState state, LabHost host, CutFrom from, CancellationToken stop)
    {
        await Cut.ApplyAsync(host, from, stop);
        return Saved(
            state.With(host with { Cuts = [.. host.Cuts.Append(from.Name).Distinct(StringComparer.Ordinal)] }));
    }

    public static async Task<LabState> HealAsync(LabState state, LabHost host, CancellationToken stop)
    {
        await Cut.HealAsync(host, stop);
        return Saved(state.With(host with { Cuts = [] }));
    }

    /// <summary>Nothing paused, nothing cut: so that it can stop in peace.</summary>
    public static async Task ReleaseAsync(LabState state, LabHost host, CancellationToken stop)
    {
        await ResumeAsync(state, host, stop);
        if (Cabling.Exists(host.Namespace))
            await Cut.HealAsync(host, stop);
    }

    static Machine.CgroupFolder CgroupOf(LabState state, LabHost host) => host.IsRunning
        ? new LabFolders(state.Lab).CgroupOf(host.Name)
        : throw new LabException($"host {host.Name} is down: lab fault start-host {host.Name}");

    static LabState Saved(LabState state)
    {
        Labs.Save(state);
        return state;
    }
}
