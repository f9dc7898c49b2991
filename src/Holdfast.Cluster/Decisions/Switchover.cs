using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>An operator's wish, on the leader: granted when the candidate can take over without loss, else
/// cleared.</summary>
static class Switchover
{
    public static HaDecision Decide(ClusterView view, FailoverView wish, SelfView self, DynamicSettings settings)
    {
        if (wish is { Leader: null, Candidate: null })
            return Leadership.Decide(view, self, settings, "primary, and holder of the lock");
        if (wish.Leader is { } from && from != self.Name)
            return new ClearFailover($"the wish is to move from {from}, and the leader is {self.Name}");
        if (wish.Candidate == self.Name)
            return new ClearFailover($"{self.Name} leads already");
        if (settings.Pause && wish.Candidate is null)
            return new ClearFailover("paused: a switchover needs its candidate named");
        // Another term than ours answered it already: it led back here.
        if (view.Leader is { } held && wish.ModRevision < held.ModRevision && wish.Leader == self.Name)
            return new ClearFailover("it was tried, and nobody else could be elected");
        if (view.Sync is { Standbys.IsEmpty: false } sync
            && Streaming(self).Count(sync.Standbys.Contains) <= sync.Quorum)
            return new ClearFailover($"a candidate needs {sync.Quorum} other voters that stream");
        var ready = Ready(view, self, settings);
        if (wish.Candidate is { } named)
        {
            return ready.Contains(named)
                ? new HandOver(named, "asked for by an operator")
                : new ClearFailover($"{named} does not stream, or may lack an acknowledged commit");
        }
        return ready.Count > 0
            ? new HandOver(ready[0], "asked for by an operator; the best candidate")
            : new ClearFailover("no replica can take over without loss");
    }

    static IEnumerable<NodeName> Streaming(SelfView self) =>
        self.Postgres.WalSenders.Where(sender => sender.State == "streaming").Select(sender => sender.Name);

    /// <summary>Who could take over now, the farthest first.</summary>
    static List<NodeName> Ready(ClusterView view, SelfView self, DynamicSettings settings) =>
    [
        .. self.Postgres.WalSenders
            .Where(sender => sender.State == "streaming" && view.Member(sender.Name) is { NoFailover: false, Disk: "" })
            .Where(sender => view.Sync is { Standbys.IsEmpty: false } sync
                ? sync.Standbys.Contains(sender.Name)
                : settings.SynchronousMode == SynchronousMode.Off)
            .OrderByDescending(sender => sender.Flushed)
            .ThenByDescending(sender => view.PriorityOf(sender.Name))
            .ThenBy(sender => sender.Name)
            .Select(sender => sender.Name),
    ];
}
