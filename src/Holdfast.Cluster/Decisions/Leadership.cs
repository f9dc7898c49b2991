using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>What a primary does in a quiet turn: it goes on, and takes one step of the synchronous set.</summary>
static class Leadership
{
    public static Lead Decide(ClusterView view, SelfView self, DynamicSettings settings, string why) =>
        new(Step(view, self, settings), why);

    static SyncStep Step(ClusterView view, SelfView self, DynamicSettings settings)
    {
        var enabled = settings.SynchronousMode != SynchronousMode.Off;
        if (!enabled && view.Sync is null or { Standbys.IsEmpty: true }
            && self.Postgres.SynchronousStandbyNames.Length == 0)
            return new SyncStep.Nothing("asynchronous");
        if (self.OnFailsafe)
            return new SyncStep.Nothing("frozen while the store is silent");
        var senders = self.Postgres.WalSenders;
        var eligible = Eligible(view, senders);
        return SyncQuorum.Next(new SyncFacts
        {
            Self = self.Name,
            Key = view.Sync,
            Names = SyncNames.Parse(self.Postgres.SynchronousStandbyNames),
            Eligible = eligible,
            CaughtUp = [.. senders.Where(s => s.Flushed >= self.NamesSince).Select(s => s.Name).Intersect(eligible)],
            OldWalSenders = [.. senders.Where(sender => self.WalSendersThen.Contains(sender.Pid))],
            NodeCount = Math.Max(1, settings.SynchronousNodeCount),
            Strict = settings.SynchronousModeStrict,
            SurelyAlone = self.Alone >= settings.Ttl,
            Enabled = enabled,
        });
    }

    /// <summary>Two walsenders of one name would both count in <c>ANY k</c>; so a name counts only if it is one, is
    /// streaming,
    /// uses its member's slot and comes from its member's address.</summary>
    static ImmutableArray<NodeName> Eligible(ClusterView view, ImmutableArray<WalSenderView> senders) =>
    [
        .. senders.GroupBy(sender => sender.Name)
            .Where(group => group.Count() == 1)
            .Select(group => group.First())
            .Where(sender => sender.State == "streaming"
                && sender.Slot == sender.Name.SlotName
                && view.Member(sender.Name) is { NoSync: false } member
                && (sender.ClientAddress is null || member.Address?.Host == sender.ClientAddress))
            .Select(sender => sender.Name)
            .Order(),
    ];
}
