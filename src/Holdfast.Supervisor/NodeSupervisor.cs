using System.Collections.Immutable;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Supervisor.Apps;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Etcd;
using Holdfast.Supervisor.Fencing;
using Holdfast.Supervisor.Output;
using Holdfast.Supervisor.Programs;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor;

/// <summary>
/// Keeps the programs of one host alive, healthy, and fenced. Killed at any moment, it leaves them running, and the
/// next one adopts them; told to stop, it stops them, in reverse order.
/// </summary>
/// <param name="settings">What it is told.</param>
/// <param name="store">Of the cluster: where the apps of this host are told, and prepared once for all hosts.</param>
/// <param name="etcd">Of the cluster.</param>
/// <param name="logs">The caller's.</param>
public sealed class NodeSupervisor(
    NodeSettings settings, IStore store, IEtcdMaintenance etcd, ILoggerFactory logs)
{
    readonly ILogger _log = logs.CreateLogger<NodeSupervisor>();

    /// <summary>Until <paramref name="stop"/>, and then until everything has stopped.</summary>
    /// <exception cref="InvalidOperationException">Another supervisor keeps this run folder.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var paths = settings.Paths;
        NodeFolders.Make(settings.File, paths);
        using var single = Lock(paths.SupervisorLock);
        _ = Subreaper.TryBecome();
        paths = paths with { CgroupBase = MakeCgroups(paths.Run) };
        // First of all: a PostgreSQL that was left behind without the right to write ends now.
        using var fence = new Fence(paths, _log);
        fence.Start();
        using var fenceServer = new FenceServer(fence, paths.FenceSocket, settings.File.Postgres.User, _log);
        fenceServer.Start();

        var specs = settings.Programs(settings.File, settings.Host, paths).Select(WithVariables).ToImmutableArray();
        _log.Begins(settings.Host.Value, Environment.ProcessId, string.Join(", ", specs.Select(spec => spec.Name)));
        using var probe = new HealthProbe();
        var children = new Children(paths.CgroupBase);
        var starter = new ProgramStarter(children, paths);
        using var appProbe = new AppProbe(starter);
        var keys = new HoldfastKeys(settings.File.Cluster);
        var instances = new InstancePublisher(store, keys, settings.Host, _log);
        var preparation = new ProgramPreparation(
            settings with { Paths = paths },
            etcd,
            new AppPreparation(store, keys, settings.Host, paths, starter, _log),
            _log);
        var runners = specs.Select(spec => new ProgramRunner(spec, preparation.PrepareAsync, starter, probe, _log)
        {
            App = spec.App is null ? null : new AppCare(spec, new AppWatch(spec, appProbe), starter, instances),
        }).ToImmutableArray();
        await using var status = new StatusServer(paths.SupervisorSocket, () => Status(runners, fence), logs);
        await status.StartAsync(stop);
        await KeepAsync(specs, runners, paths, children, instances, stop);
        fence.KillWhatIsLeft();
        if (paths.CgroupBase is { } top)
            await CgroupTree.RemoveAsync(top, CancellationToken.None);
        _log.Ends();
    }

    /// <summary>The programs, and the loops that serve them and end after them.</summary>
    async Task KeepAsync(
        ImmutableArray<ProgramSpec> specs,
        ImmutableArray<ProgramRunner> runners,
        NodePaths paths,
        Children children,
        InstancePublisher instances,
        CancellationToken stop)
    {
        using var ending = new CancellationTokenSource();
        var tails = specs.Select(spec => spec.Name).Append(NodePaths.Postgres).Select(name => new OutputTail(
            name, paths.RawOf(name), paths.LogOf(name), TimeProvider.System, _log)).ToImmutableArray();
        var loops = tails.Select(tail => tail.RunAsync(ending.Token)).ToList();
        loops.Add(new OrphanReaper(children, _log).RunAsync(ending.Token));
        if (specs.Any(spec => spec.Name == HostPrograms.Etcd))
        {
            loops.Add(new LeaderPlacementLoop(
                settings.File, settings.Host, store, etcd, TimeProvider.System, _log).RunAsync(ending.Token));
        }
        loops.Add(instances.RunAsync(ending.Token));
        await new ProgramGroup(specs, runners).RunAsync(instances.DrainAsync, stop);
        await ending.CancelAsync();
        await Task.WhenAll(loops);
        foreach (var tail in tails)
            tail.Dispose();
    }

    ProgramSpec WithVariables(ProgramSpec spec) => settings.AppVariables.GetValueOrDefault(spec.Name) is { } variables
        ? spec with { Environment = spec.Environment.SetItems(variables) }
        : spec;

    string? MakeCgroups(string run)
    {
        var top = CgroupTree.TryMakeBase(settings.Host.Value, run);
        if (top is null)
            _log.NoCgroup(Cgroup.Own()?.Path ?? "(none)");
        else
            CgroupTree.Delegate(top, settings.File.Postgres.User);
        return top;
    }

    NodeStatus Status(ImmutableArray<ProgramRunner> runners, Fence fence)
    {
        var programs = runners.Select(runner => runner.Status).ToImmutableArray();
        var ticket = fence.Ticket;
        var left = ((ticket?.DeadlineNs ?? 0) - BootClock.Nanoseconds) / 1_000_000;
        var postmaster = new ProcessIdentity(ticket?.PostmasterPid ?? 0, ticket?.PostmasterStart ?? 0);
        return new NodeStatus(
            settings.Host.Value,
            NodeStates.Of(programs),
            Environment.ProcessId,
            programs,
            left > 0 ? left : null,
            ticket?.Term,
            postmaster.Pid > 0 && postmaster.IsAlive ? postmaster.Pid : null);
    }

    /// <summary>Two supervisors would fight over the same programs. The kernel opens the lock when the process
    /// ends.</summary>
    static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure)
        {
            throw new InvalidOperationException($"another supervisor runs here: it holds {path}", failure);
        }
    }
}
