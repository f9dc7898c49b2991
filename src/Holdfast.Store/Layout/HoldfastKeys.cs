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

    /// <summary>What all keys of the event journal begin with.</summary>
    public string Events => Prefix + "events/";

    /// <summary>One event of the journal.</summary>
    /// <param name="id">Sorts by time.</param>
    public string Event(string id) => Events + id;
}
