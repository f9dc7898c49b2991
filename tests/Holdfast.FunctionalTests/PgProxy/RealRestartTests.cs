using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

public sealed class RealRestartTests : IAsyncLifetime
{
    readonly RealPostgres _postgres = new();
    readonly ProxyUnderTest _proxy = new();

    public ValueTask InitializeAsync() => _postgres.InitializeAsync();

    [Fact]
    public async Task A_server_that_accepts_nobody_yet_is_asked_again()
    {
        await _postgres.StopAsync();
        await _postgres.BecomeStandbyAsync(servesReaders: false);
        await _postgres.StartAsync(wait: true);
        ShowPrimary();
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(_proxy.PrimaryPort));
        var opening = connection.OpenAsync(Stop);
        await Wait.UntilAsync(() => _proxy.Server.Clients == 1, "accepted");

        await _postgres.PromoteAsync();
        await opening;
        (await Queries.AskAsync(connection, "SELECT pg_is_in_recovery()")).ShouldBe(false);
    }

    [Fact]
    public async Task A_crash_between_two_logins_is_waited_for()
    {
        ShowPrimary();
        await _postgres.StopAsync();
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(_proxy.PrimaryPort));
        var opening = connection.OpenAsync(Stop);
        await Wait.UntilAsync(() => _proxy.Server.Clients == 1, "accepted");
        await _postgres.StartAsync(wait: false);
        await opening;
        (await Queries.AskAsync(connection, "SELECT 1")).ShouldBe(1);
    }

    [Fact]
    public async Task The_primary_port_hands_out_no_hot_standby()
    {
        await _postgres.StopAsync();
        await _postgres.BecomeStandbyAsync(servesReaders: true);
        await _postgres.StartAsync(wait: false);
        _proxy.Topology.Show(Led("n2", 7, Replica("n1", _postgres.Port)));
        var onReplica = await Queries.PsqlAsync(_proxy.ReplicasPort, "disable", "SELECT pg_is_in_recovery()");
        onReplica.ShouldBe((0, "t\n", ""));

        ShowPrimary();
        var (exit, output, _) = await Queries.PsqlAsync(_proxy.PrimaryPort, "disable", "SELECT 1");
        (exit, output).ShouldBe((2, ""));
    }

    void ShowPrimary() => _proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, _postgres.Port)));

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}
