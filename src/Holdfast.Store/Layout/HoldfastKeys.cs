using Holdfast.Cluster.Model;

namespace Holdfast.Store.Layout;

/// <summary>What Patroni has no key for: <c>/holdfast/CLUSTER/…</c>.</summary>
public sealed class HoldfastKeys(string cluster)
{
    /// <summary>What all keys of the cluster begin with; ends with a slash.</summary>
    public string Prefix { get; } = $"/holdfast/{cluster}/";

    /// <summary>Left by a leader that gave the lock up and no longer writes.</summary>
    public string Release => Prefix + "release";

    /// <summary>Decimal; what every term is raised by. Only ever grows.</summary>
    public string TermBase => Prefix + "term_base";

    /// <summary>The last starts of primaries; written by the owner of the lock alone.</summary>
    public string Starts => Prefix + "starts";

    /// <summary>What the keys of all instances of all apps begin with.</summary>
    public string Instances => Prefix + "apps/";

    /// <summary>One instance; on a lease of its supervisor.</summary>
    public string Instance(string app, NodeName host) => $"{Instances}{app}/{host}";

    /// <summary>Held, on a lease, by the supervisor that prepares the app.</summary>
    public string PrepareLock(string app) => $"{Prefix}prepare/{app}/lock";

    /// <summary>Present once the app was prepared; the value tells which command did it.</summary>
    public string Prepared(string app) => $"{Prefix}prepare/{app}/done";

    /// <summary>What all keys of the event journal begin with.</summary>
    public string Events => Prefix + "events/";

    /// <summary>One event of the journal.</summary>
    /// <param name="id">Sorts by time.</param>
    public string Event(string id) => Events + id;
}
