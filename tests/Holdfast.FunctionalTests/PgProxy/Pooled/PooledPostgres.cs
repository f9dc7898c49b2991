using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Npgsql;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>A real server behind a pooling proxy whose view says that it leads.</summary>
public abstract class PooledPostgres(RealPostgres postgres) : IClassFixture<RealPostgres>, IAsyncDisposable
{
    readonly List<ProxyUnderTest> _proxies = [];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected RealPostgres Postgres { get; } = postgres;

    /// <summary>Also lives until the test ends.</summary>
    internal ProxyUnderTest Start(
        PoolMode mode, int size = 4, int loops = 2, TimeSpan? hold = null, TimeSpan? wait = null,
        TimeSpan drain = default, Func<ProxySettings, ProxySettings>? adjust = null, Handover? former = null,
        ReplicaSettings? replicas = null, PeerSettings? peers = null,
        bool repeats = false, bool resolves = false) =>
        Keep(new ProxyUnderTest(hold, pools: new PoolSettings
        {
            Mode = mode,
            Size = size,
            Loops = loops,
            QueryWaitTimeout = wait ?? TimeSpan.FromSeconds(30),
            RepeatsSelects = repeats,
            ResolvesCommits = resolves,
        }, drain: drain, adjust: adjust, former: former, replicas: replicas, peers: peers));

    internal ProxyUnderTest Start(PoolSettings pools, TimeSpan? hold = null, int clientsMax = 100) =>
        Keep(new ProxyUnderTest(hold, clientsMax, pools: pools));

    ProxyUnderTest Keep(ProxyUnderTest proxy)
    {
        _proxies.Add(proxy);
        ShowPrimary(proxy);
        return proxy;
    }

    internal void ShowPrimary(ProxyUnderTest proxy, long term = 7) =>
        proxy.Topology.Show(Led("n1", term, Primary("n1", term, Postgres.Port)));

    internal static async Task<NpgsqlConnection> OpenAsync(int port, string extra = "")
    {
        var connection = new NpgsqlConnection($"{RealPostgres.Conninfo(port)};{extra}");
        await connection.OpenAsync(Stop);
        return connection;
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
