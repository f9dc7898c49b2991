using System.Security.Cryptography;
using Holdfast.Cluster.Configuration;
using Holdfast.Commands;
using Holdfast.PgProxy.Login;

namespace Holdfast.Wiring;

/// <summary>Who may log in to the proxy, and how, from the files that the operator names: at the start, and at each
/// reload.</summary>
static class PgProxyAccess
{
    /// <param name="open">The cluster file, read and checked.</param>
    /// <param name="proxy">Its section.</param>
    /// <param name="users">--users; null: those of the file.</param>
    /// <exception cref="InvalidDataException">A file is not what it should be; the message names it.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static Access Read(OpenFile open, PgProxySettings proxy, string? users) => new()
    {
        Users = Users(open, users),
        Tls = proxy.Tls is { } tls ? Tls(tls) : null,
        Servers = proxy.Servers is { } servers ? Servers(servers) : ServerTls.Disabled,
    };

    static FileSecrets Users(OpenFile open, string? users) => new(UserList.Read(users is null
        ? UserList.Write(ConfigFiles.ReadSecrets(open.Path, open.File).Passwords)
        : File.ReadAllText(users)));

    static ClientTls Tls(ClientTlsSettings paths)
    {
        var (certificate, key) = (File.ReadAllText(paths.Certificate), File.ReadAllText(paths.Key));
        var authorities = paths.ClientCa is { } path ? File.ReadAllText(path) : null;
        return Named($"pgproxy.tls ({paths.Certificate}, {paths.Key})",
            () => new ClientTls(certificate, key, authorities, paths.IsRequired));
    }

    static ServerTls Servers(ServerTlsSettings settings)
    {
        var authorities = settings.Ca is { } ca ? File.ReadAllText(ca) : null;
        var certificate = settings.Certificate is { } shown ? File.ReadAllText(shown) : null;
        var key = settings.Key is { } kept ? File.ReadAllText(kept) : null;
        return Named($"pgproxy.servers ({settings.Ca}, {settings.Certificate})",
            () => new ServerTls(Mode(settings.Tls), authorities, certificate, key));
    }

    static ServerTlsMode Mode(ServerTlsKind kind) => kind switch
    {
        ServerTlsKind.Prefer => ServerTlsMode.Prefer,
        ServerTlsKind.Require => ServerTlsMode.Require,
        ServerTlsKind.VerifyCa => ServerTlsMode.VerifyCa,
        ServerTlsKind.VerifyFull => ServerTlsMode.VerifyFull,
        _ => ServerTlsMode.Disable,
    };

    static T Named<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{what}: {wrong.Message}", wrong);
        }
    }
}
