using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>What this proxy has seen of the store so far, restarts included. Called by one thread at a time.</summary>
public interface ITermMemory
{
    /// <summary>The newest term of a view that was believed.</summary>
    Term Newest { get; }

    /// <summary>
    /// Judges the next view, and remembers its term if it is believed. Views come in the order of the watch.
    /// </summary>
    /// <returns>Null: believed; else why not, for people: the store was set back, or is another one.</returns>
    string? WhyNotBelieved(ClusterView view);
}
