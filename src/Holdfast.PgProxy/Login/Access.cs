namespace Holdfast.PgProxy.Login;

/// <summary>
/// Who may come in and how, and how servers are logged in to. Immutable: a reload replaces all of it, for those who
/// come from then on.
/// </summary>
public sealed record Access
{
    /// <summary>Those of the list.</summary>
    public IUserSecrets Users { get; init; } = new FileSecrets(UserList.Read(""));

    /// <summary>For clients that want TLS; null: they can't have it.</summary>
    public ClientTls? Tls { get; init; }

    /// <summary>Towards the servers.</summary>
    public ServerTls Servers { get; init; } = ServerTls.Disabled;
}
