using System.Net.Security;
using System.Net.Sockets;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

public sealed class TlsTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static ClientTls Tls(Certificate own, Certificate? authority = null, bool isRequired = false) =>
        new(own.Pem, own.Key, authority?.Pem, isRequired);

    ProxyUnderTest Start(ClientTls tls)
    {
        var proxy = new ProxyUnderTest(
            pools: new PoolSettings { Mode = PoolMode.Transaction, Size = 2, Loops = 2 }, tls: tls);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        return proxy;
    }

    [Fact]
    public async Task A_session_is_encrypted_and_bound_to_its_channel()
    {
        using var tls = Tls(Certificate.SelfSigned("proxy"));
        await using var proxy = Start(tls);
        var (exit, output, error) = await Queries.PsqlAsync(
            proxy.PrimaryPort, "require channel_binding=require", "SELECT repeat('x', 300000)");
        (exit, error, output.Length).ShouldBe((0, "", 300_001));
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT 42")).ShouldBe((0, "42\n", ""));

        await using var connection = new NpgsqlConnection(
            RealPostgres.Conninfo(proxy.PrimaryPort, SslMode.Require));
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand("SELECT length($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = new string('y', 5_000_000) });
        (await command.ExecuteScalarAsync(Stop)).ShouldBe(5_000_000);
    }

    [Fact]
    public async Task Who_does_not_encrypt_may_be_turned_away()
    {
        using var tls = Tls(Certificate.SelfSigned("proxy"), isRequired: true);
        await using var proxy = Start(tls);
        var (exit, _, error) = await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT 42");
        exit.ShouldBe(2);
        error.ShouldContain("the proxy takes encrypted connections alone");
    }

    [Fact]
    public async Task A_client_must_show_a_certificate_of_the_right_authority()
    {
        var (authority, other) = (Certificate.SelfSigned("authority"), Certificate.SelfSigned("other"));
        using var tls = Tls(Certificate.SelfSigned("proxy"), authority);
        await using var proxy = Start(tls);
        (await Queries.PsqlAsync(proxy.PrimaryPort, "require", "SELECT 42")).Exit.ShouldBe(2, "none");
        (await PsqlWithAsync(proxy, other.Sign("postgres"))).Exit.ShouldBe(2, "of another authority");
        (await PsqlWithAsync(proxy, authority.Sign("postgres"))).ShouldBe((0, "42\n", ""));
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }

    static async Task<(int Exit, string Output, string Error)> PsqlWithAsync(
        ProxyUnderTest proxy, Certificate certificate)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-client-");
        var (shown, key) = (Path.Combine(folder.FullName, "c.pem"), Path.Combine(folder.FullName, "k.pem"));
        await File.WriteAllTextAsync(shown, certificate.Pem, Stop);
        await File.WriteAllTextAsync(key, certificate.Key, Stop);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var answer = await Queries.PsqlAsync(
            proxy.PrimaryPort, $"require sslcert={shown} sslkey={key}", "SELECT 42");
        folder.Delete(recursive: true);
        return answer;
    }

    [Fact]
    public async Task Direct_TLS_must_name_the_protocol()
    {
        using var tls = Tls(Certificate.SelfSigned("proxy"));
        await using var proxy = Start(tls);
        await using var named = await DirectAsync(proxy, [new("postgresql")]);
        await named.WriteAsync(RawClient.Startup("postgres", "postgres"), Stop);
        var answer = new byte[1];
        await named.ReadExactlyAsync(answer, Stop);
        answer.ShouldBe("R"u8.ToArray(), "a question for the password");

        await using var nameless = await DirectAsync(proxy, null);
        await nameless.WriteAsync(RawClient.Startup("postgres", "postgres"), Stop);
        (await ReadSomeAsync(nameless)).ShouldBe(0, "closed without a word");
        (await Queries.PsqlAsync(proxy.PrimaryPort, "require", "SELECT 42")).ShouldBe((0, "42\n", ""));
    }

    static async Task<SslStream> DirectAsync(ProxyUnderTest proxy, List<SslApplicationProtocol>? protocols)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", proxy.PrimaryPort, Stop);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "proxy",
                ApplicationProtocols = protocols,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
            Stop);
        return stream;
    }

    static async Task<int> ReadSomeAsync(SslStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1], Stop);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    [Fact]
    public async Task A_new_certificate_is_shown_to_the_next_client()
    {
        using var tls = Tls(Certificate.SelfSigned("old"));
        await using var proxy = Start(tls);
        await using var before = await DirectAsync(proxy, [new("postgresql")]);
        before.RemoteCertificate!.Subject.ShouldContain("CN=old");
        using var renewed = Tls(Certificate.SelfSigned("new"));
        proxy.Server.Reload(proxy.Access with { Tls = renewed });
        await using var after = await DirectAsync(proxy, [new("postgresql")]);
        after.RemoteCertificate!.Subject.ShouldContain("CN=new");
        // Bound to the certificate that was shown, and the session from before goes on.
        (await Queries.PsqlAsync(proxy.PrimaryPort, "require channel_binding=require", "SELECT 42"))
            .ShouldBe((0, "42\n", ""));
        await before.WriteAsync(RawClient.Startup("postgres", "postgres"), Stop);
        (await ReadSomeAsync(before)).ShouldBe(1);
    }

    [Fact]
    public async Task Npgsql_binds_to_the_channel()
    {
        using var tls = Tls(Certificate.SelfSigned("proxy"));
        await using var proxy = Start(tls);
        await using var connection = new NpgsqlConnection(
            RealPostgres.Conninfo(proxy.PrimaryPort, SslMode.Require) + ";Channel Binding=Require");
        await connection.OpenAsync(Stop);
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }
}
