using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Npgsql;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Both ports of a pooling proxy: a real primary behind one, its standby behind the other.</summary>
public abstract class PooledPair(PostgresPair postgres) : IClassFixture<PostgresPair>, IAsyncDisposable
{
    readonly List<ProxyUnderTest> _proxies = [];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected PostgresPair Postgres { get; } = postgres;

    /// <summary>Also lives until the test ends.</summary>
    internal ProxyUnderTest Start(
        PoolMode mode, int size = 4, TimeSpan readYourWrites = default, ReplicaSettings? replicas = null,
        params MemberView[] more)
    {
        var proxy = new ProxyUnderTest(replicas: replicas, pools: new PoolSettings
        {
            Mode = mode,
            Size = size,
            Loops = 2,
            QueryWaitTimeout = TimeSpan.FromSeconds(30),
            ReadYourWrites = readYourWrites,
        });
        _proxies.Add(proxy);
        proxy.Topology.Show(Led(
            "n1", 7, [Primary("n1", 7, Postgres.Primary.Port), Replica("n2", Postgres.Standby.Port), .. more]));
        return proxy;
    }

    internal static async Task<NpgsqlConnection> OpenAsync(int port)
    {
        var connection = new NpgsqlConnection(RealPostgres.Conninfo(port));
        await connection.OpenAsync(Stop);
        return connection;
    }

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
