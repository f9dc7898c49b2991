using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>A certificate and its key, both PEM.</summary>
sealed record Certificate(string Pem, string Key)
{
    /// <summary>Its own authority, and good for 127.0.0.1.</summary>
    public static Certificate SelfSigned(string name) => Make(name, null);

    /// <summary>Signed by this one.</summary>
    public Certificate Sign(string name) => Make(name, this);

    public X509Certificate2 ToX509() => X509CertificateLoader.LoadPkcs12(
        X509Certificate2.CreateFromPem(Pem, Key).Export(X509ContentType.Pkcs12), null);

    static Certificate Make(string name, Certificate? authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O=Holdfast, CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority is null, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        if (authority is null)
        {
            using var own = request.CreateSelfSigned(from, until);
            return new Certificate(own.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        }
        using var signer = X509Certificate2.CreateFromPem(authority.Pem, authority.Key);
        using var signed = request.Create(signer, from, until.AddHours(-1), RandomNumberGenerator.GetBytes(8));
        return new Certificate(signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
