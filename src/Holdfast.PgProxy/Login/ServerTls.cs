using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.PgProxy.Login;

/// <summary>libpq's sslmode (PostgreSQL manual, SSL Support; PgBouncer: server_tls_sslmode).</summary>
public enum ServerTlsMode
{
    /// <summary>In clear.</summary>
    Disable,

    /// <summary>Encrypted where the server can; whoever sits in between may say that it can't.</summary>
    Prefer,

    /// <summary>Encrypted, with whoever answers.</summary>
    Require,

    /// <summary>The server's certificate must be signed by one of the authorities.</summary>
    VerifyCa,

    /// <summary>And be made out to the host that was asked for.</summary>
    VerifyFull,
}

/// <summary>How the proxy talks to servers. Immutable, safe from any thread.</summary>
public sealed class ServerTls
{
    public static readonly ServerTls Disabled = new(ServerTlsMode.Disable, null, null, null);

    readonly X509Certificate2Collection? _authorities;
    readonly SslStreamCertificateContext? _own;

    /// <param name="mode">What is asked of them.</param>
    /// <param name="authoritiesPem">Who must have signed their certificates; needed to verify.</param>
    /// <param name="certificatePem">The proxy's own chain, for servers that ask; or null.</param>
    /// <param name="keyPem">Its key, not encrypted.</param>
    /// <exception cref="CryptographicException">The texts are no certificates, or no certificate and key of one
    /// another.</exception>
    public ServerTls(ServerTlsMode mode, string? authoritiesPem, string? certificatePem, string? keyPem)
    {
        Mode = mode;
        if (authoritiesPem is not null)
        {
            _authorities = [];
            _authorities.ImportFromPem(authoritiesPem);
        }
        if (Verifies && _authorities is not { Count: > 0 })
            throw new CryptographicException("there is no authority that could have signed the servers' certificates");
        if (certificatePem is null)
            return;
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificatePem);
        _own = SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPem(certificatePem, keyPem), chain, offline: true);
    }

    public ServerTlsMode Mode { get; }

    bool Verifies => Mode is ServerTlsMode.VerifyCa or ServerTlsMode.VerifyFull;

    /// <param name="host">Name or address of the server, as the view has it.</param>
    /// <param name="refused">Told in words what is wrong with the server's certificate.</param>
    internal SslClientAuthenticationOptions Options(string host, Action<string> refused) => new()
    {
        TargetHost = host,
        ApplicationProtocols = [ClientTls.Protocol],
        ClientCertificateContext = _own,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (WhyNot(host, certificate, chain, errors) is not { } why)
                return true;
            refused(why);
            return false;
        },
    };

    // Nothing is fetched while a loop waits.
    X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            TrustMode = X509ChainTrustMode.CustomRootTrust,
        };
        if (_authorities is not null)
            policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }

    string? WhyNot(string host, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (!Verifies)
            return null;
        if (certificate is null)
            return "it shows no certificate";
        if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
        {
            var status = chain?.ChainStatus.Select(one => one.StatusInformation.TrimEnd('.', ' ', '\n')) ?? [];
            return $"its certificate ({certificate.Subject}) is not to be trusted: {string.Join(", ", status)}";
        }
        return Mode == ServerTlsMode.VerifyFull
            && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != SslPolicyErrors.None
                ? $"its certificate ({certificate.Subject}) is not made out to {host}"
                : null;
    }
}
