using System.Net.NetworkInformation;
using System.Security.Cryptography;
using Holdfast.Cluster.Configuration;
using Holdfast.Commands;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Login.Hba;

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
        Hba = proxy.Login.Hba is { } rules ? Hba(rules, proxy.Tls) : null,
        AuthQuery = proxy.Login.AuthUser is { } user
            ? new AuthQuerySettings(
                user, proxy.Login.AuthDbname, proxy.Login.AuthQuery ?? AuthQuerySettings.DefaultQuery)
            : null,
        ApplicationNameAddHost = proxy.Login.ApplicationNameAddHost,
        IgnoreStartupParameters = [.. proxy.Login.IgnoreStartupParameters.Select(name => name.ToLowerInvariant())],
        Servers = proxy.Servers is { } servers ? Servers(servers) : ServerTls.Disabled,
    };

    static FileSecrets Users(OpenFile open, string? users) => new(UserList.Read(users is null
        ? UserList.Write(ConfigFiles.ReadSecrets(open.Path, open.File).Passwords)
        : File.ReadAllText(users)));

    static HbaRules Hba(string path, ClientTlsSettings? tls)
    {
        var own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(known => (known.Address, known.PrefixLength));
        var (rules, problems) = HbaFile.Read(path, File.ReadAllText(path), [.. own]);
        if (rules is null)
            throw new InvalidDataException(string.Join('\n', problems));
        return rules.AsksCertificates && tls?.ClientCa is null
            ? throw new InvalidDataException(
                $"{path}: lines ask for certificates; expected 'pgproxy.tls.client_ca' to say whose count")
            : rules;
    }

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
