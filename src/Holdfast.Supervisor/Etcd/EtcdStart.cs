using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Etcd;

/// <summary>Before a managed member starts: finds out whether it makes a cluster, joins one, or replaces a lost
/// member.</summary>
internal sealed class EtcdStart(ClusterFile file, NodeName self, NodePaths paths, IEtcdMaintenance etcd, ILogger log)
{
    /// <summary>Members that are just making a cluster accept connections and say nothing; a start does not wait for
    /// that. If this was too short, etcd itself finds out that it has been a member before, ends, and is prepared
    /// anew.</summary>
    static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(0.3);

    public async ValueTask<ProgramSpec> PrepareAsync(ProgramSpec spec, CancellationToken stop)
    {
        if (Directory.Exists(Path.Combine(paths.EtcdData, "member")))
            return spec; // etcd knows from its data, and ignores what it is told.
        var join = await EnterAsync(stop);
        return join is null
            ? spec
            : spec with { Command = [.. spec.Command.Where(word => !IsAboutTheCluster(word)), .. join.Arguments] };
    }

    /// <summary>Null: as the file says.</summary>
    async ValueTask<EtcdJoin?> EnterAsync(CancellationToken stop)
    {
        var peer = EtcdUrls.Peer(file, self);
        var entry = EtcdEntry.Decide(await MembersAsync(stop), self, peer);
        log.EtcdEnters(entry.GetType().Name, entry.Why);
        if (entry is EtcdEntry.StartNew)
            return null;
        if (entry is EtcdEntry.Replace lost)
            Expect(await etcd.RemoveMemberAsync(lost.Former, stop), "the lost member could not be removed");
        if (entry is EtcdEntry.Replace or EtcdEntry.Add)
            Expect(await etcd.AddMemberAsync(peer, stop), "this member could not be added");
        return EtcdJoin.AsMemberOf(await etcd.MembersAsync(stop), self, peer);
    }

    async ValueTask<ImmutableArray<EtcdMember>> MembersAsync(CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(AskLimit);
        try
        {
            return await etcd.MembersAsync(limited.Token);
        }
        catch (Exception failure) when (failure is StoreUnavailableException
            || (failure is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return default;
        }
    }

    /// <summary>The start is tried again, and looks anew: also when the outcome is unknown.</summary>
    static void Expect(WriteOutcome outcome, string otherwise)
    {
        if (outcome != WriteOutcome.Written)
            throw new InvalidOperationException($"{otherwise} ({outcome})");
    }

    static bool IsAboutTheCluster(string word) =>
        word.StartsWith("--initial-cluster-state=", StringComparison.Ordinal)
        || word.StartsWith("--initial-cluster=", StringComparison.Ordinal);
}
