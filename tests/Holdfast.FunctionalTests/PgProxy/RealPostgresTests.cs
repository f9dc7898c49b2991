using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

public sealed class RealPostgresTests(RealPostgres postgres) : IClassFixture<RealPostgres>, IAsyncDisposable
{
    readonly ProxyUnderTest _proxy = new();

    [Theory, InlineData(SslMode.Disable), InlineData(SslMode.Require)]
    public async Task A_held_client_goes_on_once_a_primary_serves(SslMode tls)
    {
        _proxy.Topology.Show(Leaderless());
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(_proxy.PrimaryPort, tls));
        var opening = connection.OpenAsync(Stop);
        await Wait.UntilAsync(() => _proxy.Server.Clients == 1, "accepted");
        opening.IsCompleted.ShouldBeFalse();

        ShowPrimary();
        await opening;
        (await Queries.AskAsync(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
            .ShouldBe(tls == SslMode.Require);
    }

    [Theory, InlineData("disable"), InlineData("prefer"), InlineData("require")]
    public async Task Psql_works_through_both_ports(string tls)
    {
        ShowPrimary();
        (await Queries.PsqlAsync(_proxy.PrimaryPort, tls, "SELECT 40 + 2")).ShouldBe((0, "42\n", ""));
        (await Queries.PsqlAsync(_proxy.ReplicasPort, tls, "SELECT 40 + 2")).ShouldBe((0, "42\n", ""));
    }

    [Fact]
    public async Task Psql_says_why_there_was_no_primary()
    {
        await using var proxy = new ProxyUnderTest(hold: TimeSpan.FromSeconds(0.5));
        proxy.Topology.Show(Leaderless());
        var (exit, _, error) = await Queries.PsqlAsync(proxy.PrimaryPort, "prefer", "SELECT 1");
        exit.ShouldBe(2);
        error.ShouldContain(
            "FATAL:  no primary of cluster films for 0.5 s: nobody holds the leader lock");
    }

    [Fact]
    public async Task Sessions_are_cut_when_the_role_goes()
    {
        ShowPrimary();
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(_proxy.PrimaryPort));
        await connection.OpenAsync(Stop);
        var query = Queries.AskAsync(connection, "SELECT pg_sleep(60)");
        _proxy.Topology.Show(Led("n2", 8, Primary("n1", 7, postgres.Port)));
        (await query.ShouldThrowAsync<NpgsqlException>()).InnerException.ShouldBeAssignableTo<IOException>();
        await Wait.UntilAsync(() => _proxy.Server.Clients == 0, "forgotten");
    }

    [Theory, InlineData(SslMode.Disable), InlineData(SslMode.Require)]
    public async Task A_query_can_be_cancelled(SslMode tls)
    {
        ShowPrimary();
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(_proxy.PrimaryPort, tls));
        await connection.OpenAsync(Stop);
        await using var watcher = new NpgsqlConnection(RealPostgres.Conninfo(postgres.Port));
        await watcher.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("SELECT pg_sleep(60)", connection);
        var query = command.ExecuteScalarAsync(Stop);
        const string Sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while (await Queries.AskAsync(watcher, Sleepers) is 0L)
        {
        }
        command.Cancel();
        var cancelled = await Assert.ThrowsAnyAsync<Exception>(async () => await query);
        (cancelled as PostgresException ?? cancelled.InnerException as PostgresException)
            .ShouldNotBeNull().SqlState.ShouldBe("57014");
    }

    void ShowPrimary() => _proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();
}
