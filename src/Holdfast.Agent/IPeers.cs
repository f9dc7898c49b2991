using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent;

/// <summary>Asks other agents what they are.</summary>
internal interface IPeers
{
    /// <summary>All of them at once, by their REST addresses; those that answered within <paramref
    /// name="limit"/>.</summary>
    ValueTask<ImmutableArray<PeerAnswer>> AskAsync(
        IReadOnlyCollection<string> apiUrls, TimeSpan limit, CancellationToken stop);
}
