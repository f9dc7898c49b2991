using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// The synchronous set: whoever can acknowledge must overlap whoever can elect, at every intermediate step. With
/// voters V and quorum q in the key, and names N of which s acknowledge: N is a part of V (or V is empty), and
/// s + q + 1 > |V|. A change that makes elections easier (fewer voters, smaller quorum) is written only when so many of
/// the voters have everything acknowledged before that every election meets one of them.
/// </summary>
public static class SyncQuorum
{
    /// <summary>The key of a new reign: the old leader joins the voters, and all but the acknowledging one must
    /// answer.</summary>
    public static SyncKey ForNewLeader(NodeName self, SyncView? before)
    {
        if (before is null)
            return new SyncKey(self, [], 0);
        var voters = before.Standbys.ToImmutableSortedSet();
        // Without standbys the old leader had the only copy, and nobody but itself can be here.
        if (before.Leader is { } old && !voters.IsEmpty)
            voters = voters.Add(old);
        voters = voters.Remove(self);
        return new SyncKey(self, [.. voters], Math.Max(0, voters.Count - 1));
    }

    /// <summary>The names that belong to a key, for a primary that starts: every voter may acknowledge.</summary>
    public static SyncNames NamesOf(ImmutableArray<NodeName> voters, int quorum, bool strict) => voters.IsEmpty
        ? strict ? SyncNames.NobodyStrict : SyncNames.Nobody
        : new SyncNames(Math.Max(1, voters.Length - quorum), voters);

    public static SyncStep Next(SyncFacts facts)
    {
        if (facts.Key is not { } key || key.Leader != facts.Self)
        {
            var first = facts.Key is null ? new SyncKey(facts.Self, [], 0) : ForNewLeader(facts.Self, facts.Key);
            return new SyncStep.WriteKey(first, facts.Key?.ModRevision ?? 0, "the key does not name this leader yet");
        }
        var wanted = facts.Enabled ? facts.Eligible : [];
        return (key.Standbys.IsEmpty, wanted.IsEmpty) switch
        {
            (true, true) => Rest(facts),
            (true, false) => FromNobody(facts, key, wanted),
            (false, true) => ToNobody(facts, key),
            (false, false) => Change(facts, key, wanted),
        };
    }

    static SyncStep Rest(SyncFacts facts)
    {
        var nobody = facts is { Strict: true, Enabled: true } ? SyncNames.NobodyStrict : SyncNames.Nobody;
        return facts.Names == nobody
            ? new SyncStep.Nothing("no standby can acknowledge")
            : new SyncStep.SetNames(nobody, "no standby can acknowledge, and the key names none");
    }

    // Names first: what was committed before is on no standby yet, so nobody may be elected before some have caught up.
    static SyncStep FromNobody(SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted)
    {
        var names = new SyncNames(Math.Min(facts.NodeCount, wanted.Length), wanted);
        if (facts.Names != names)
            return new SyncStep.SetNames(names, "first standbys: acknowledge before anybody may be elected");
        return facts.CaughtUp.Count(wanted.Contains) >= names.Count
            ? new SyncStep.WriteKey(
                new SyncKey(facts.Self, wanted, wanted.Length - names.Count), key.ModRevision,
                    "the first standbys caught up")
            : new SyncStep.Nothing("waiting until a first standby has caught up");
    }

    // The key first: from the moment commits need nobody, nobody may be elected.
    static SyncStep ToNobody(SyncFacts facts, SyncView key) => facts switch
    {
        { Enabled: true, Strict: true } => new SyncStep.Nothing("strict: commits wait until a standby is back"),
        { Enabled: true, SurelyAlone: false } =>
            new SyncStep.Nothing("commits wait a moment for the last standby to come back"),
        _ => new SyncStep.WriteKey(new SyncKey(facts.Self, [], 0), key.ModRevision,
            "the last standby is gone: one copy from here on"),
    };

    static SyncStep Change(SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted)
    {
        var voters = key.Standbys;
        var added = wanted.Except(voters).ToList();
        if (added.Count > 0)
        {
            // Voters first; a quorum that grows with them keeps every election in touch with an acknowledging one.
            var grown = voters.Concat(added).Order().ToImmutableArray();
            var quorum = Math.Min(grown.Length - 1, key.Quorum + added.Count);
            return new SyncStep.WriteKey(
                new SyncKey(facts.Self, grown, quorum), key.ModRevision,
                    $"{string.Join(", ", added)} may vote before it acknowledges");
        }
        // From here on wanted is a part of the voters.
        var names = new SyncNames(Math.Min(facts.NodeCount, wanted.Length), wanted);
        if (facts.Names != names)
            return ChangeNames(facts, key, names);
        var removed = voters.Except(wanted).ToList();
        if (removed.Count > 0
            && facts.OldWalSenders.FirstOrDefault(sender => removed.Contains(sender.Name)) is { } late)
            return new SyncStep.EndWalSender(late.Pid, late.Name,
                "taken out of the names, and walsenders read them late");
        var target = new SyncKey(facts.Self, wanted, wanted.Length - names.Count);
        if (removed.Count == 0 && key.Quorum == target.Quorum)
            return new SyncStep.Nothing("the set is as wanted");
        return facts.CaughtUp.Count(wanted.Contains) >= names.Count
            ? new SyncStep.WriteKey(target, key.ModRevision, removed.Count > 0
                ? $"{string.Join(", ", removed)} no longer acknowledges"
                : "the quorum follows the count")
            : new SyncStep.Nothing("waiting until those who stay have caught up");
    }

    static SyncStep ChangeNames(SyncFacts facts, SyncView key, SyncNames names)
    {
        // Fewer acknowledgements need a larger quorum first, or an election could miss them.
        var needed = key.Standbys.Length - names.Count;
        return key.Quorum < needed
            ? new SyncStep.WriteKey(
                new SyncKey(facts.Self, key.Standbys, needed), key.ModRevision,
                    "a larger quorum before fewer acknowledge")
            : new SyncStep.SetNames(names, "the names follow those who stream");
    }
}
