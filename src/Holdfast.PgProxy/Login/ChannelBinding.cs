using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.PgProxy.Login;

/// <summary>tls-server-end-point (RFC 5929): the hash of the server's certificate, which both sides of SCRAM prove to
/// have seen.</summary>
internal static class ChannelBinding
{
    /// <summary>With SHA-256 where the signature's own hash is MD5 or SHA-1.</summary>
    public static byte[] Of(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawData),
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawData),
        _ => SHA256.HashData(certificate.RawData),
    };
}
