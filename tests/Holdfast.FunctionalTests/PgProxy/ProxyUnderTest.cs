using System.Net;
using Holdfast.Doubles.PgProxy;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>A running proxy on free ports, whose view the test shows.</summary>
sealed class ProxyUnderTest : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly Task _running;

    /// <param name="pools">Null: each client logs in to a server of its own.</param>
    public ProxyUnderTest(
        TimeSpan? hold = null, int clientsMax = 100, TimeSpan drain = default, PoolSettings? pools = null,
        ClientTls? tls = null, ServerTls? servers = null, Func<Access, Access>? access = null,
        Func<ProxySettings, ProxySettings>? adjust = null, Handover? former = null, TimeSpan? loginTimeout = null,
        ReplicaSettings? replicas = null, PeerSettings? peers = null)
    {
        var users = new Dictionary<string, UserSecret>
        {
            ["postgres"] = UserSecret.Of("postgres", RealPostgres.Password),
            ["watcher"] = UserSecret.Of("watcher", RealPostgres.Password),
            ["nobody"] = UserSecret.Of("nobody", RealPostgres.Password),
        };
        Access = new Access
        {
            Users = new FileSecrets(users),
            Tls = tls,
            Servers = servers ?? ServerTls.Disabled,
        };
        var settings = new ProxySettings
        {
            Cluster = "films",
            Address = IPAddress.Loopback,
            PrimaryPort = 0,
            ReplicasPort = 0,
            HoldTimeout = hold ?? TimeSpan.FromSeconds(30),
            ClientsMax = clientsMax,
            ClientLoginTimeout = loginTimeout ?? TimeSpan.FromSeconds(30),
            DrainLimit = drain,
            Pools = pools,
            Replicas = replicas ?? new ReplicaSettings(),
            Peers = peers ?? new PeerSettings(),
            Console = new ConsoleSettings(["postgres"], ["watcher"]),
        };
        Server = new PgProxyServer(
            adjust?.Invoke(settings) ?? settings, Topology, Terms, () => BootClock.Now, NullLoggerFactory.Instance,
            access is null ? Access : access(Access), former);
        _running = Server.RunAsync(_stop.Token);
    }

    /// <summary>Before it was changed.</summary>
    public Access Access { get; }

    public FakeTopology Topology { get; } = new();
    public FakeTermMemory Terms { get; } = new();
    public PgProxyServer Server { get; }
    public int PrimaryPort => Server.PrimaryEndPoint.Port;
    public int ReplicasPort => Server.ReplicasEndPoint!.Port;

    /// <summary>Completes when the proxy has ended.</summary>
    public Task Running => _running;

    /// <summary>Completes when the proxy has drained.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Server.Dispose();
        _stop.Dispose();
    }
}
