using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.PgProxy.Login;

/// <summary>The proxy's own certificate, and what it asks of clients.</summary>
public sealed class ClientTls : IDisposable
{
    /// <summary>Registered for PostgreSQL (IANA); a client that begins with TLS must name it.</summary>
    public static readonly SslApplicationProtocol Protocol = new("postgresql");

    readonly X509Certificate2 _certificate;
    readonly SslStreamCertificateContext _context;
    readonly X509Certificate2Collection? _authorities;

    /// <param name="certificatePem">The chain, our own certificate first.</param>
    /// <param name="keyPem">Its key, not encrypted.</param>
    /// <param name="authoritiesPem">Who must have signed a client's certificate; null: none is asked for.</param>
    /// <param name="isRequired">Clients without TLS are turned away.</param>
    /// <exception cref="CryptographicException">The texts are no certificate and key of one another.</exception>
    public ClientTls(string certificatePem, string keyPem, string? authoritiesPem, bool isRequired)
    {
        IsRequired = isRequired;
        _certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificatePem);
        _context = SslStreamCertificateContext.Create(_certificate, chain, offline: true);
        if (authoritiesPem is null)
            return;
        _authorities = [];
        _authorities.ImportFromPem(authoritiesPem);
    }

    public bool IsRequired { get; }

    /// <summary>What SCRAM may be bound to.</summary>
    internal byte[] Binding => ChannelBinding.Of(_certificate);

    /// <param name="isAsked">Rules say who must show a certificate; else everybody must.</param>
    internal SslServerAuthenticationOptions Options(bool isAsked) => new()
    {
        ServerCertificateContext = _context,
        ApplicationProtocols = [Protocol],
        ClientCertificateRequired = _authorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => _authorities is null
            || (certificate is null ? isAsked : errors == SslPolicyErrors.None),
    };

    // Nothing is fetched while a loop waits: a client could say from where.
    X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            TrustMode = X509ChainTrustMode.CustomRootTrust,
        };
        policy.CustomTrustStore.AddRange(_authorities ?? []);
        return policy;
    }

    /// <summary>A certificate's first name, which PostgreSQL compares with the user's; null: none.</summary>
    internal static string? CommonName(X509Certificate2 certificate) => certificate.SubjectName
        .EnumerateRelativeDistinguishedNames(reversed: false)
        .FirstOrDefault(name => !name.HasMultipleElements
            && string.Equals(name.GetSingleElementType().Value, "2.5.4.3", StringComparison.Ordinal))
        ?.GetSingleElementValue();

    public void Dispose() => _certificate.Dispose();
}
