using Holdfast.Cluster.Model;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Two proxies behind one address: a cancel request comes to whichever it happens to.</summary>
public sealed class CancelAcrossProxiesTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    [Theory, InlineData(PoolMode.Transaction), InlineData(PoolMode.Session)]
    public async Task A_cancel_that_arrives_at_the_other_proxy_reaches_the_query(PoolMode mode)
    {
        var (n1, n2) = (Start("n1", mode), Start("n2", mode));
        Know(n1, n2);
        await using var balancer = new Balancer(n1.PrimaryPort);
        await using var connection = await OpenAsync(balancer.Port);
        balancer.To = n2.PrimaryPort;
        await using var command = new NpgsqlCommand("SELECT pg_sleep(60)", connection);
        var query = command.ExecuteScalarAsync(Stop);
        await SleepersAsync(1);

        command.Cancel();

        await IsCancelledAsync(query);
        (await Queries.AskAsync(connection, "SELECT 1")).ShouldBe(1);
        await SleepersAsync(0);
    }

    [Fact]
    public async Task A_cancel_for_nobody_is_closed_and_goes_no_further()
    {
        var (n1, n2) = (Start("n1", PoolMode.Transaction), Start("n2", PoolMode.Transaction));
        Know(n1, n2);
        var key = n2.Server.Pooled!.Cancels.NewKey();
        byte[] rest = [.. BitConverter.GetBytes(key.Process).Reverse(), .. BitConverter.GetBytes(key.Secret).Reverse()];
        using var client = await RawClient.ConnectAsync(n1.PrimaryPort);
        await client.SendAsync(RawClient.Request(80877102, rest));
        (await client.EndsByResetAsync()).ShouldBeFalse();
        await Wait.UntilAsync(() => n1.Server.Clients + n2.Server.Clients == 0, "all have gone");
    }

    ProxyUnderTest Start(string name, PoolMode mode) =>
        Start(mode, peers: new PeerSettings { Self = new NodeName(name) });

    static void Know(ProxyUnderTest n1, ProxyUnderTest n2)
    {
        foreach (var proxy in new[] { n1, n2 })
        {
            proxy.Server.Pooled!.Cancels.Peers =
            [
                new ProxyPeer(new NodeName("n1"), "127.0.0.1", n1.PrimaryPort),
                new ProxyPeer(new NodeName("n2"), "127.0.0.1", n2.PrimaryPort),
            ];
        }
    }

    static async Task IsCancelledAsync(Task query)
    {
        var cancelled = await Assert.ThrowsAnyAsync<Exception>(async () => await query);
        (cancelled as PostgresException ?? cancelled.InnerException as PostgresException)
            .ShouldNotBeNull().SqlState.ShouldBe("57014");
    }

    async Task SleepersAsync(long count)
    {
        await using var watcher = await OpenAsync(Postgres.Port);
        await Queries.UntilAsync(
            watcher, $"SELECT count(*) = {count} FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    }
}
