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

    /// <summary>The names that belong to a key, for a primary that starts: every voter may acknowledge. The key
    /// decides: as long as it names voters, commits wait for them, whatever the mode is by now.</summary>
    public static SyncNames NamesOf(ImmutableArray<NodeName> voters, int quorum, DynamicSettings settings)
    {
        // Plain synchronous mode has a form of its own where all voters must acknowledge.
        var listed = settings.SynchronousMode == SynchronousMode.On;
        if (voters.IsEmpty)
        {
            return settings.SynchronousMode == SynchronousMode.Off
                ? SyncNames.Nobody : SyncNames.WithoutStandbys(settings.SynchronousModeStrict, listed);
        }
        var count = Math.Max(1, voters.Length - quorum);
        return new SyncNames(count, voters, listed && count == voters.Length);
    }

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
            _ when facts.Listed && AllAcknowledge(key, facts.Names) => ChangeListed(facts, key, wanted),
            _ => Change(facts, key, wanted),
        };
    }

    static SyncStep Rest(SyncFacts facts)
    {
        var nobody = SyncNames.WithoutStandbys(facts is { Strict: true, Enabled: true }, facts.Listed);
        return facts.Names == nobody
            ? new SyncStep.Nothing("no standby can acknowledge")
            : new SyncStep.SetNames(nobody, "no standby can acknowledge, and the key names none");
    }

    // Names first: what was committed before is on no standby yet, so nobody may be elected before some have caught up.
    static SyncStep FromNobody(SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted)
    {
        var names = NamesFor(facts, wanted);
        if (facts.Names != names)
            return new SyncStep.SetNames(names, "first standbys: acknowledge before anybody may be elected");
        if (Late(facts) is { } waiting)
            return waiting;
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
        { Enabled: false } => new SyncStep.WriteKey(new SyncKey(facts.Self, [], 0), key.ModRevision,
            "synchronous mode is off: nobody may be elected for its acknowledgements"),
        _ => new SyncStep.WriteKey(new SyncKey(facts.Self, [], 0), key.ModRevision,
            "the last standby is gone: one copy from here on"),
    };

    // Any single voter may be elected, and each of them has all: it stays so if voters leave the key before the names,
    // and come into the key after them (Patroni's order, whose members read no quorum in this mode).
    static SyncStep ChangeListed(SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted)
    {
        var kept = key.Standbys.Where(wanted.Contains).ToImmutableArray();
        if (kept.Length < key.Standbys.Length)
            return new SyncStep.WriteKey(new SyncKey(facts.Self, kept, 0), key.ModRevision,
                $"{string.Join(", ", key.Standbys.Except(kept))} leaves: may not be elected from here on");
        var names = NamesFor(facts, wanted);
        if (facts.Names != names)
            return new SyncStep.SetNames(names, "the names follow those who were chosen");
        if (kept.Length == wanted.Length)
            return new SyncStep.Nothing("the set is as wanted");
        if (Late(facts) is { } waiting)
            return waiting;
        return wanted.All(facts.CaughtUp.Contains)
            ? new SyncStep.WriteKey(new SyncKey(facts.Self, wanted, 0), key.ModRevision,
                $"{string.Join(", ", wanted.Except(kept))} acknowledges and caught up")
            : new SyncStep.Nothing("waiting until those who were chosen have caught up");
    }

    static SyncStep Change(SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted)
    {
        var voters = key.Standbys;
        // Names in force count too: they are no voters yet where plain synchronous mode was left halfway.
        var added = wanted.Union(facts.Names?.Standbys ?? []).Except(voters)
            .Where(name => name.Value != SyncNames.StrictPlaceholder).ToList();
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
        var names = NamesFor(facts, wanted);
        if (facts.Names != names)
            return ChangeNames(facts, key, names);
        var removed = voters.Except(wanted).ToList();
        if (removed.Count > 0
            && facts.OldWalSenders.FirstOrDefault(sender => removed.Contains(sender.Name)) is { } late)
            return new SyncStep.EndWalSender(late.Pid, late.Name,
                "taken out of the names, and walsenders read them late");
        return ChangeKey(facts, key, wanted, names, removed);
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

    static SyncStep ChangeKey(
        SyncFacts facts, SyncView key, ImmutableArray<NodeName> wanted, SyncNames names, List<NodeName> removed)
    {
        var target = new SyncKey(facts.Self, wanted, wanted.Length - names.Count);
        if (removed.Count == 0 && key.Quorum == target.Quorum)
            return new SyncStep.Nothing("the set is as wanted");
        // Each voter less allows a quorum of one less. Still less rests on more acknowledgements than before, and one
        // late walsender would release a commit after the former, smaller number of them. In plain mode nobody may be
        // left who goes by "any".
        if ((facts.Listed || key.Quorum - target.Quorum > removed.Count) && Late(facts) is { } waiting)
            return waiting;
        return facts.CaughtUp.Count(wanted.Contains) >= names.Count
            ? new SyncStep.WriteKey(target, key.ModRevision, removed.Count > 0
                ? $"{string.Join(", ", removed)} no longer acknowledges"
                : "the quorum follows the count")
            : new SyncStep.Nothing("waiting until those who stay have caught up");
    }

    static SyncNames NamesFor(SyncFacts facts, ImmutableArray<NodeName> wanted) => facts.Listed
        ? SyncNames.AllOf(wanted)
        : new SyncNames(Math.Min(facts.NodeCount, wanted.Length), wanted);

    static bool AllAcknowledge(SyncView key, SyncNames? names) =>
        key.Quorum == 0 && names is not null && names.Count == names.Standbys.Length
        && key.Standbys.All(names.Standbys.Contains);

    // Whoever goes by former names may still count, and release, a commit by them. It is waited for, not ended: it
    // sleeps or answers within moments, or wal_sender_timeout ends it.
    static SyncStep.Nothing? Late(SyncFacts facts) => facts.LateWalSenders is [var late, ..]
        ? new SyncStep.Nothing($"waiting until {late.Name}'s walsender has surely read the names")
        : null;
}
