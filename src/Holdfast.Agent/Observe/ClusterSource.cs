using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Observe;

/// <summary>The watched cluster, judged by the ledger of terms. Used by the loop's thread only.</summary>
internal sealed class ClusterSource(ClusterWatcher watcher, TermLedger ledger) : IClusterSource
{
    public bool Restored { get; private set; }
    public Term HighestTerm => ledger.HighestTerm;

    public (ClusterView View, TimeSpan FreshAt)? Current
    {
        get
        {
            if (watcher.Current is not { } watched)
                return null;
            Restored = ledger.Observe(watched.View) != StoreTrust.Trusted;
            return (watched.View, watched.FreshAt);
        }
    }

    public async ValueTask<ClusterView> ReadNowAsync(CancellationToken stop)
    {
        var view = await watcher.ReadNowAsync(stop);
        Restored = ledger.Observe(view) != StoreTrust.Trusted;
        return view;
    }
}
