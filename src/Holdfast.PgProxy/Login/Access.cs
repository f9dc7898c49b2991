using System.Collections.Immutable;
using Holdfast.PgProxy.Login.Hba;

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

    /// <summary>Rules by host, user and database; null: everybody proves who it is by what is known of it.</summary>
    public HbaRules? Hba { get; init; }

    /// <summary>For users that are not in the list; null: nobody else may come in.</summary>
    public AuthQuerySettings? AuthQuery { get; init; }

    /// <summary>"app" becomes "app - 10.0.0.1:43210" (PgBouncer: application_name_add_host).</summary>
    public bool ApplicationNameAddHost { get; init; }

    /// <summary>Startup parameters that are dropped, in small letters (PgBouncer: ignore_startup_parameters).</summary>
    public ImmutableHashSet<string> IgnoreStartupParameters { get; init; } = [];

    /// <summary>Towards the servers.</summary>
    public ServerTls Servers { get; init; } = ServerTls.Disabled;
}
