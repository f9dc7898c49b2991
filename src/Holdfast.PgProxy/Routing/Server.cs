using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>The two doors of the proxy.</summary>
public enum Port
{
    Primary,
    Replicas,
}

/// <summary>What a server was chosen for.</summary>
public enum ServerRole
{
    Primary,
    Replica,

    /// <summary>A standby that is about to become primary: logged in to, and given to nobody before.</summary>
    Successor,
}

/// <summary>
/// A server as it was chosen. <paramref name="Term"/> is the term of the leader lock at that moment, on a primary;
/// <see cref="Cluster.Model.Term.None"/> on a replica.
/// </summary>
public readonly record struct Server(NodeName Name, string Host, int Port, ServerRole Role, Term Term)
{
    /// <summary>Whatever the term: a leader that renews its lock stays what it is.</summary>
    public bool IsSameAs(Server other) => Port == other.Port && Role == other.Role
        && string.Equals(Name.Value, other.Name.Value, StringComparison.Ordinal)
        && string.Equals(Host, other.Host, StringComparison.Ordinal);

    public override string ToString() => $"{Name} ({Host}:{Port})";
}
