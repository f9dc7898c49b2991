using Holdfast.Store.Layout;

namespace Holdfast.PgProxy.Routing;

/// <summary>The newest view of the cluster, kept by somebody who watches the store. Safe from any thread.</summary>
public interface ITopology
{
    /// <summary>Null until the store answered for the first time.</summary>
    WatchedView? Current { get; }

    /// <summary>The view's content changed, not merely its age. Handlers are quick and don't throw.</summary>
    event Action? Changed;
}

/// <summary>What the store's watcher sees.</summary>
public sealed class WatchedTopology(ClusterWatcher watcher) : ITopology
{
    public WatchedView? Current => watcher.Current;

    public event Action? Changed
    {
        add => watcher.Changed += value;
        remove => watcher.Changed -= value;
    }
}
