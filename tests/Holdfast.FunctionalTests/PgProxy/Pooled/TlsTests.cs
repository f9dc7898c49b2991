using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    static (string Certificate, string Key) SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

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
        var (certificate, key) = SelfSigned("proxy");
        using var tls = new ClientTls(certificate, key, null, isRequired: false);
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
        var (certificate, key) = SelfSigned("proxy");
        using var tls = new ClientTls(certificate, key, null, isRequired: true);
        await using var proxy = Start(tls);
        var (exit, _, error) = await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT 42");
        exit.ShouldBe(2);
        error.ShouldContain("the proxy takes encrypted connections alone");
    }

    [Fact]
    public async Task A_client_without_a_certificate_may_be_turned_away()
    {
        var (certificate, key) = SelfSigned("proxy");
        using var tls = new ClientTls(certificate, key, SelfSigned("authority").Certificate, isRequired: true);
        await using var proxy = Start(tls);
        var (exit, _, _) = await Queries.PsqlAsync(proxy.PrimaryPort, "require", "SELECT 42");
        exit.ShouldBe(2);
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }
}
