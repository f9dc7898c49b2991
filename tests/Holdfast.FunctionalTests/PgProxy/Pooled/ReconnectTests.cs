using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>All clients come back at once after their server was lost.</summary>
public sealed class ReconnectTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const int Clients = 300, Kinds = 12;
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task All_are_served_and_the_server_is_not_stormed()
    {
        // Nobody gives up for want of time: the test's own clients need most of the machine.
        var pools = new PoolSettings
        {
            Mode = PoolMode.Transaction,
            Size = 4,
            Loops = 2,
            QueryWaitTimeout = s_patience,
        };
        var proxy = Start(pools, hold: s_patience, clientsMax: Clients);
        var crowd = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => ComeAsync(proxy, number)));
        // All of the server's sessions go at once; it is back while they wait.
        await Postgres.StopAsync();
        proxy.Topology.Show(Leaderless(Primary("n1", 7, Postgres.Port)));
        foreach (var client in crowd)
            await client.DisposeAsync();
        var coming = Enumerable.Range(0, Clients).Select(number => ComeAsync(proxy, number)).ToList();
        await Postgres.StartAsync(wait: true);
        ShowPrimary(proxy, term: 8);
        foreach (var client in await Task.WhenAll(coming))
            await client.DisposeAsync();
        proxy.Server.Pooled!.Ramp.Highest.ShouldBeInRange(1, ProxyLimits.ServerLoginsAtOnceMax);
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "gone");
    }

    // Several pools, as different users' clients have.
    static async Task<NpgsqlConnection> ComeAsync(ProxyUnderTest proxy, int number)
    {
        while (true)
        {
            try
            {
                var client = await OpenAsync(
                    proxy.PrimaryPort, $"Options=-c work_mem={1 + (number % Kinds)}MB;Command Timeout=0;Timeout=300");
                (await Queries.AskAsync(client, "SELECT 42")).ShouldBe(42);
                return client;
            }
            catch (PostgresException full) when (
                full.SqlState == "53300" && full.MessageText.Contains("this proxy takes", StringComparison.Ordinal))
            {
                // Its former connection, and those of others, are not all gone yet.
            }
        }
    }
}
