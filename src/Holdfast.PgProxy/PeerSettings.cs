using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy;

/// <summary>The proxies that clients may take for one.</summary>
public sealed record PeerSettings
{
    /// <summary>This one's.</summary>
    public NodeName Self { get; init; } = new("");

    /// <summary>All of them; the order means nothing.</summary>
    public ImmutableArray<ProxyPeer> Peers { get; init; } = [];
}

/// <summary>One of them, and a port of its that takes cancel requests.</summary>
public sealed record ProxyPeer(NodeName Name, string Host, int Port);
