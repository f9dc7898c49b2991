namespace Holdfast.Store.Layout;

/// <summary>Where Patroni keeps a cluster in the store: <c>/NAMESPACE/SCOPE/…</c>. Values are text, JSON without
/// spaces.</summary>
public sealed class PatroniKeys
{
    const string MembersFolder = "members/";

    /// <param name="root">Patroni's namespace, with or without slashes around it; usually <c>service</c>.</param>
    /// <param name="scope">The cluster's name.</param>
    public PatroniKeys(string root, string scope)
    {
        Scope = scope;
        var folder = root.Trim('/');
        Prefix = folder.Length > 0 ? $"/{folder}/{scope}/" : $"/{scope}/";
        Members = Prefix + MembersFolder;
    }

    public string Scope { get; }

    /// <summary>What all keys of the cluster begin with; ends with a slash.</summary>
    public string Prefix { get; }

    /// <summary>Empty while somebody bootstraps, then the system identifier.</summary>
    public string Initialize => Prefix + "initialize";

    /// <summary>JSON of the dynamic configuration.</summary>
    public string Config => Prefix + "config";

    /// <summary>The leader lock: the name of its owner, on a lease.</summary>
    public string Leader => Prefix + "leader";

    /// <summary>What all member keys begin with.</summary>
    public string Members { get; }

    /// <summary>The leader's position and slots.</summary>
    public string Status => Prefix + "status";

    /// <summary>Who may acknowledge a commit, and be elected.</summary>
    public string Sync => Prefix + "sync";

    /// <summary>The operator's wish to move the leader.</summary>
    public string Failover => Prefix + "failover";
    public string History => Prefix + "history";
    public string Failsafe => Prefix + "failsafe";

    /// <summary>The leader's position as versions before 2.1.0 wrote it.</summary>
    public string LeaderOptime => Prefix + "optime/leader";

    public string Member(string name) => Members + name;

    /// <summary>The name in a member key; null when it is none.</summary>
    public string? MemberOf(string key) =>
        key.Length > Members.Length && key.StartsWith(Members, StringComparison.Ordinal)
            ? key[Members.Length..]
            : null;
}
