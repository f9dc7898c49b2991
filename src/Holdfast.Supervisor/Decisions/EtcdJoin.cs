using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;

namespace Holdfast.Supervisor.Decisions;

/// <summary>What a member that starts with an empty data directory tells etcd of its cluster.</summary>
public sealed record EtcdJoin(bool Existing, string InitialCluster)
{
    public ImmutableArray<string> Arguments =>
        [$"--initial-cluster-state={(Existing ? "existing" : "new")}", $"--initial-cluster={InitialCluster}"];

    /// <summary>Of a cluster that is just being made. Without meaning, and ignored by etcd, where there is
    /// data.</summary>
    public static EtcdJoin AsTheFileSays(ClusterFile file) =>
        new(Existing: false, string.Join(',', file.Etcd.On.Select(host => $"{host}={EtcdUrls.Peer(file, host)}")));

    /// <summary>Of a running cluster which knows us as a member that has not started yet.</summary>
    public static EtcdJoin AsMemberOf(ImmutableArray<EtcdMember> members, NodeName self, string peerUrl) =>
        new(Existing: true, string.Join(',', members.SelectMany(member => member.PeerUrls.Select(
            url => $"{(url == peerUrl ? self.Value : member.Name)}={url}"))));
}

/// <summary>How a member with an empty data directory comes into the cluster, and why.</summary>
public abstract record EtcdEntry(string Why)
{
    /// <summary>Everybody starts with the file's list.</summary>
    public sealed record StartNew(string Why) : EtcdEntry(Why);

    /// <summary>Leave as the member we were (its log is lost, so it may never speak under that id again), then be
    /// added.</summary>
    public sealed record Replace(ulong Former, string Why) : EtcdEntry(Why);
    public sealed record Add(string Why) : EtcdEntry(Why);

    /// <summary>We are in the list and have never started.</summary>
    public sealed record Join(string Why) : EtcdEntry(Why);

    /// <param name="members">As the other members tell it; default when nobody answered.</param>
    /// <param name="self">The file's name of this host.</param>
    /// <param name="peerUrl">This host's.</param>
    public static EtcdEntry Decide(ImmutableArray<EtcdMember> members, NodeName self, string peerUrl)
    {
        if (members.IsDefaultOrEmpty)
            return new StartNew("no member answers");
        var own = members.FirstOrDefault(member =>
            member.PeerUrls.Contains(peerUrl, StringComparer.Ordinal)
            || string.Equals(member.Name, self.Value, StringComparison.Ordinal));
        return own switch
        {
            null => new Add("the cluster does not know this host"),
            { Name: "" } => new Join("added, and never started"),
            // Members of the file's list have names from the first; client addresses appear when a member starts.
            { ClientUrls.IsDefaultOrEmpty: true } => new StartNew("the cluster is just being made"),
            _ => new Replace(own.Id, "this member had started, and its data is gone"),
        };
    }
}
