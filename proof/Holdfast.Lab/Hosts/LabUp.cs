using Holdfast.Lab.Relays;

namespace Holdfast.Lab.Hosts;

/// <summary>Builds a lab and switches its hosts on. What it began, it takes down again when it fails.</summary>
static class LabUp
{
    /// <returns>The lab, and whether it was there already: then nothing was changed.</returns>
    public static async Task<(LabState State, bool AlreadyRunning)> RunAsync(LabRequest request, CancellationToken stop)
    {
        using var taken = await Labs.LockAsync(stop);
        var found = Labs.Find(request.Lab);
        if (found is { Complete: true } && Labs.IsAlive(found))
            return (found, true);
        // Left by a killed `up`, or by an earlier boot of the machine.
        if (found is not null || Directory.Exists(new LabFolders(request.Lab).State))
            await LabDown.EndAsync(request.Lab, LabDown.NoGrace, stop);
        var plan = LabPlan.Of(request);
        RelayStart.CheckPorts(plan);
        Labs.Save(plan);
        try
        {
            return (await BuildAsync(request, plan, stop), false);
        }
        catch (Exception)
        {
            await LabDown.EndAsync(request.Lab, LabDown.NoGrace, CancellationToken.None);
            throw;
        }
    }

    static async Task<LabState> BuildAsync(LabRequest request, LabState plan, CancellationToken stop)
    {
        HostStart.Prepare(request, plan);
        if (request.DiskBytes is { } bytes)
            await Task.WhenAll(plan.Hosts.Select(
                host => Disks.CreateAsync(new LabFolders(plan.Lab), host.Name, bytes, stop)));
        await Cabling.BuildAsync(plan, stop);
        var hosts = Task.WhenAll(plan.Hosts.Select(host => HostStart.StartAsync(plan, host, stop)));
        var relay = RelayStart.StartAsync(plan, stop);
        await Task.WhenAll(hosts, relay);
        var (process, ports) = await relay;
        var state = plan with { Hosts = [.. await hosts], Relay = process, Published = ports, Complete = true };
        Labs.Save(state);
        return state;
    }
}
