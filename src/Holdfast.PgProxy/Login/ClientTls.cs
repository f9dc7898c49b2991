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

    /// <summary>tls-server-end-point (RFC 5929): with SHA-256 where the signature's own is MD5 or SHA-1.</summary>
    public byte[] Binding => _certificate.SignatureAlgorithm.Value switch
    {
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(_certificate.RawData),
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(_certificate.RawData),
        _ => SHA256.HashData(_certificate.RawData),
    };

    public SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = _context,
        ApplicationProtocols = [Protocol],
        ClientCertificateRequired = _authorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            _authorities is null || (certificate is X509Certificate2 shown && IsSigned(shown)),
    };

    bool IsSigned(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    public void Dispose() => _certificate.Dispose();
}
