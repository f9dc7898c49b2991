using System.Net;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What operators order of it, and are told.</summary>
internal sealed partial class PooledProxy
{
    int _consoles;

    public PoolOrders Orders { get; } = new();

    public StatsPeriods Stats { get; }

    /// <summary>Of the process; null: nobody counts.</summary>
    public ProxyMetrics? Metrics { get; init; }

    public IEnumerable<SharedPool> SharedPools => Directory.All;

    public bool IsDraining => _isDraining;

    /// <summary>CLOCK_BOOTTIME.</summary>
    public TimeSpan BootNow => _bootClock();

    /// <summary>Reads the file again; null: there is none.</summary>
    public Func<Task<ReloadOutcome>>? Reload { get; set; }

    /// <summary>As SIGTERM does.</summary>
    public Action RequestStop { get; set; } = static () => { };

    /// <summary>Clients of the console now.</summary>
    public int Consoles => Volatile.Read(ref _consoles);

    /// <summary>Null: the file gives no such port.</summary>
    public IPEndPoint? EndPointOf(Port port) =>
        _listeners.Find(listener => listener.Port == port).Socket?.LocalEndPoint as IPEndPoint;

    /// <summary>Puts other settings in force, as far as a running proxy can. Who is in stays.</summary>
    /// <param name="fresh">Good, with pools.</param>
    /// <param name="access">Null: the same as before.</param>
    public void Apply(ProxySettings fresh, Access? access)
    {
        var (before, pools) = (_settings, fresh.Pools! with { Loops = Pools.Loops });
        _settings = fresh with
        {
            Cluster = before.Cluster,
            ClientsMax = Math.Min(fresh.ClientsMax, OpenFiles.ClientsOf(OpenFiles.Raise(), filesOfClient: 1)),
            Address = before.Address,
            PrimaryPort = before.PrimaryPort,
            ReplicasPort = before.ReplicasPort,
            MetricsPort = before.MetricsPort,
            HandoverPath = before.HandoverPath,
            Pools = pools,
        };
        _access = access ?? _access;
        Change(pools);
        foreach (var worker in Workers)
            worker.Loop.Post(() => worker.OnOrders());
    }

    public void ConsoleCame() => Interlocked.Increment(ref _consoles);

    public void ConsoleWent() => Interlocked.Decrement(ref _consoles);

    /// <summary>Of each loop, on its thread. Completes when the last one has answered.</summary>
    public Task<T[]> FromAllAsync<T>(Func<Worker, T> work) => Task.WhenAll(Workers.Select(worker =>
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        worker.Loop.Post(() =>
        {
            try
            {
                done.SetResult(work(worker));
            }
            catch (Exception broken)
            {
                done.SetException(broken);
            }
        });
        return done.Task;
    }));
}
