using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>A host that lives, and whose disk does not: it keeps its heartbeat and its lock, and no commit ends. It
/// gives way when somebody else can write, and only then: a primary that still answers reads is better than
/// none.</summary>
static class GrayDisk
{
    /// <summary>A disk in trouble gets this long for a fast stop, since every commit waits meanwhile; then comes the
    /// kill. What was acknowledged is in the log of a standby, or on this disk.</summary>
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    /// <summary>What the holder of the lock does about its disk; null: nothing.</summary>
    public static HaDecision? Holding(ClusterView view, SelfView self, DynamicSettings settings)
    {
        if (self.Disk.IsWell || self.Bootstrapping)
            return null;
        var why = $"the disk of {self.Name} is {self.Disk.Word}: {self.Disk.Why}";
        if (self.Postgres.State == PostgresState.Replica)
            return new Release($"{why}; it is not promoted");
        if (Heir(view, self, settings) is not { } heir)
            return null;
        return self.Postgres.State == PostgresState.Stopped
            ? new Release($"{why}; {heir} can write")
            : new StepDown(StopLimitOf(self.Disk), $"{why}; {heir} can write");
    }

    /// <summary>Why a node does not come to lead, and a stopped one stays stopped; null: its disk is no reason. A
    /// running replica goes on following, and votes.</summary>
    public static string? Bar(SelfView self) =>
        self.Disk.IsWell
            ? null
            : $"the disk is {self.Disk.Word}: {self.Disk.Why}; waiting until it can be written again";

    // A fast stop writes a checkpoint, which on a hung disk never ends.
    static TimeSpan StopLimitOf(DiskView disk) => disk.Trouble == DiskTrouble.Hung ? TimeSpan.Zero : StopLimit;

    /// <summary>A member that would be promoted if the lock were free now, and whose disk is well.</summary>
    static NodeName? Heir(ClusterView view, SelfView self, DynamicSettings settings)
    {
        var running = view.Members
            .Where(member => member.Name != self.Name && member is { Role: "replica", State: "running" }
                && (self.Postgres.State != PostgresState.Primary || Streams(self, member.Name)))
            .ToList();
        if (settings.SynchronousMode != SynchronousMode.Off && view.Sync is { Leader: not null } sync)
        {
            // One takes the lock, and quorum others must answer it.
            running.RemoveAll(member => !sync.Standbys.Contains(member.Name));
            if (running.Count < sync.Quorum + 1)
                return null;
        }
        else
        {
            running.RemoveAll(member => Lag(view, self, member) > settings.MaximumLagOnFailover);
        }
        return running.Find(member => member is { NoFailover: false, Disk: "" })?.Name;
    }

    static bool Streams(SelfView self, NodeName name) =>
        self.Postgres.WalSenders.Any(sender => sender.Name == name && sender.State == "streaming");

    static ulong Lag(ClusterView view, SelfView self, MemberView member)
    {
        var known = view.LeaderPosition > self.Postgres.Position ? view.LeaderPosition : self.Postgres.Position;
        var sender = self.Postgres.WalSenders.FirstOrDefault(sender => sender.Name == member.Name);
        var theirs = sender?.Flushed ?? member.Position;
        return known > theirs ? known.Value - theirs.Value : 0;
    }
}
