using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Observe;

/// <summary>Where the loop gets its view of the cluster from.</summary>
internal interface IClusterSource
{
    /// <summary>The last view, and the CLOCK_BOOTTIME up to which it is known to be true; null before the
    /// first.</summary>
    (ClusterView View, TimeSpan FreshAt)? Current { get; }

    /// <summary>The store stands below what this node has seen before.</summary>
    bool Restored { get; }

    /// <summary>The newest term ever seen in a trusted view.</summary>
    Term HighestTerm { get; }

    /// <exception cref="Holdfast.Store.StoreUnavailableException">The store did not answer.</exception>
    ValueTask<ClusterView> ReadNowAsync(CancellationToken stop);
}
