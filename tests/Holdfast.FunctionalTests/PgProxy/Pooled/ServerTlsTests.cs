using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>TLS between the proxy and a real server.</summary>
public sealed class ServerTlsTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    const string IsEncrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    ProxyUnderTest Start(ServerTls tls, string host = "127.0.0.1", bool asksPassword = true)
    {
        var proxy = new ProxyUnderTest(TimeSpan.FromSeconds(1), servers: tls, pools: new PoolSettings
        {
            Mode = PoolMode.Transaction,
            Size = 2,
            Loops = 2,
            AsksPassword = asksPassword,
        });
        var primary = Primary("n1", 7, postgres.Port) with { ConnUrl = $"postgres://{host}:{postgres.Port}/postgres" };
        proxy.Topology.Show(Led("n1", 7, primary));
        return proxy;
    }

    static async Task<object?> AskAsync(int port, string sql, string extra = "")
    {
        await using var connection = new NpgsqlConnection($"{RealPostgres.Conninfo(port)};{extra}");
        await connection.OpenAsync(Stop);
        return await Queries.AskAsync(connection, sql);
    }

    [Theory]
    [InlineData(ServerTlsMode.Disable, false)]
    [InlineData(ServerTlsMode.Prefer, true)]
    [InlineData(ServerTlsMode.Require, true)]
    [InlineData(ServerTlsMode.VerifyCa, true)]
    [InlineData(ServerTlsMode.VerifyFull, true)]
    public async Task A_server_is_talked_to_as_was_asked_for(ServerTlsMode mode, bool isEncrypted)
    {
        await using var proxy = Start(new ServerTls(mode, postgres.Certificate, null, null));
        (await AskAsync(proxy.PrimaryPort, IsEncrypted)).ShouldBe(isEncrypted);
        (await AskAsync(proxy.PrimaryPort, "SELECT length(repeat('x', 5000000))")).ShouldBe(5_000_000);
    }

    [Theory]
    [InlineData(ServerTlsMode.VerifyCa, "127.0.0.1", "is not to be trusted")]
    [InlineData(ServerTlsMode.VerifyFull, "127.0.0.1", "is not to be trusted")]
    public async Task A_certificate_of_another_authority_is_refused(ServerTlsMode mode, string host, string why)
    {
        await using var proxy = Start(new ServerTls(mode, Certificate.SelfSigned("other").Pem, null, null), host);
        var refused = await Should.ThrowAsync<PostgresException>(() => AskAsync(proxy.PrimaryPort, "SELECT 1"));
        (refused.SqlState, refused.MessageText.Contains(why, StringComparison.Ordinal)).ShouldBe(
            ("57P03", true), refused.MessageText);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused_by_verify_full_alone()
    {
        await using var lenient = Start(
            new ServerTls(ServerTlsMode.VerifyCa, postgres.Certificate, null, null), "localhost");
        (await AskAsync(lenient.PrimaryPort, IsEncrypted)).ShouldBe(true);
        await using var strict = Start(
            new ServerTls(ServerTlsMode.VerifyFull, postgres.Certificate, null, null), "localhost");
        var refused = await Should.ThrowAsync<PostgresException>(() => AskAsync(strict.PrimaryPort, "SELECT 1"));
        refused.MessageText.ShouldContain("is not made out to localhost");
    }

    [Fact]
    public async Task The_proxy_shows_its_own_certificate_to_a_server_that_asks()
    {
        var authority = Certificate.SelfSigned("authority");
        await postgres.GiveAsync("clients.crt", authority.Pem);
        await postgres.ConfigureAsync(
            ["hostssl all certified 127.0.0.1/32 cert"], "ssl_ca_file = 'clients.crt'");
        await AskAsync(postgres.Port, "DROP ROLE IF EXISTS certified; CREATE ROLE certified LOGIN");
        var right = authority.Sign("certified");
        await using var proxy = Start(
            new ServerTls(ServerTlsMode.Require, null, right.Pem, right.Key), asksPassword: false);
        (await AskAsync(proxy.PrimaryPort, "SELECT current_user::text", "Username=certified")).ShouldBe("certified");
        var wrong = authority.Sign("another");
        await using var other = Start(
            new ServerTls(ServerTlsMode.Require, null, wrong.Pem, wrong.Key), asksPassword: false);
        (await Should.ThrowAsync<PostgresException>(
            () => AskAsync(other.PrimaryPort, "SELECT 1", "Username=certified"))).SqlState.ShouldBe("28000");
    }

    [Fact]
    public async Task The_servers_channel_is_bound()
    {
        await using var proxy = Start(new ServerTls(ServerTlsMode.Require, null, null, null));
        // A login without a binding is let in, too: what shows the binding is that a wrong one is not.
        (await AskAsync(proxy.PrimaryPort, IsEncrypted)).ShouldBe(true);
        await using var fake = new TlsFront(postgres.Port);
        proxy.Topology.Show(Led("n2", 8, Primary("n2", 8, fake.Port)));
        var refused = await Should.ThrowAsync<PostgresException>(() => AskAsync(proxy.PrimaryPort, "SELECT 1"));
        (refused.SqlState, fake.Passed).ShouldBe(("28000", 1), refused.MessageText);
        refused.MessageText.ShouldContain("channel binding");
    }

    [Fact]
    public async Task A_cancel_request_is_encrypted_too()
    {
        await using var proxy = Start(new ServerTls(ServerTlsMode.VerifyFull, postgres.Certificate, null, null));
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(proxy.PrimaryPort));
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("SELECT pg_sleep(600)", connection);
        var sleeping = command.ExecuteScalarAsync(Stop);
        // Executed, not parsed: between two messages of a statement PostgreSQL forgets a cancel (postgres.c, the loop
        // of PostgresMain).
        await AskUntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        command.Cancel();
        var cancelled = await Assert.ThrowsAnyAsync<Exception>(async () => await sleeping);
        (cancelled as PostgresException ?? cancelled.InnerException as PostgresException)
            .ShouldNotBeNull(cancelled.ToString()).SqlState.ShouldBe("57014");
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    async Task AskUntilAsync(string sql)
    {
        while (await AskAsync(postgres.Port, sql) is not true)
            Stop.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task A_server_without_TLS_serves_whoever_only_prefers_it()
    {
        await using var plain = new Doubles.PgProxy.FakePostgres("plain");
        await using var proxy = Start(new ServerTls(ServerTlsMode.Prefer, null, null, null), asksPassword: false);
        proxy.Topology.Show(Led("n2", 8, Primary("n2", 8, plain.Port)));
        (await RawClient.LoginAsync(proxy.PrimaryPort)).Client.Dispose();
        await using var strict = Start(new ServerTls(ServerTlsMode.Require, null, null, null), asksPassword: false);
        strict.Topology.Show(Led("n2", 8, Primary("n2", 8, plain.Port)));
        using var client = await RawClient.ConnectAsync(strict.PrimaryPort);
        await client.SendStartupAsync();
        (await client.ErrorAsync()).Message!.ShouldContain("does not talk TLS, and it is required");
    }
}
