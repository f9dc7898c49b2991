using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>One step of the change of the synchronous set. Every intermediate state is safe, also when we die in
/// it.</summary>
public abstract record SyncStep(string Why)
{
    public sealed record Nothing(string Why) : SyncStep(Why);

    /// <summary>Writes the key, comparing the leader lock and the key's <paramref name="Revision"/>.</summary>
    public sealed record WriteKey(SyncKey Key, long Revision, string Why) : SyncStep(Why);
    public sealed record SetNames(SyncNames Names, string Why) : SyncStep(Why);

    /// <summary>Ends the walsender of a member that was taken out: walsenders read the names late.</summary>
    public sealed record EndWalSender(int Pid, NodeName Member, string Why) : SyncStep(Why);
}

/// <summary>What the arithmetic of the synchronous set needs to know.</summary>
public sealed record SyncFacts
{
    public required NodeName Self { get; init; }
    public required SyncView? Key { get; init; }

    /// <summary>In force on the primary; null: not in our form.</summary>
    public required SyncNames? Names { get; init; }

    /// <summary>Members that may count: one walsender each, streaming over the member's slot from its
    /// address.</summary>
    public required ImmutableArray<NodeName> Eligible { get; init; }

    /// <summary>Those of them that have flushed all that was written before the present names came into
    /// force.</summary>
    public required ImmutableArray<NodeName> CaughtUp { get; init; }

    /// <summary>Walsenders that were there before the present names came into force, and may not have read
    /// them.</summary>
    public required ImmutableArray<WalSenderView> OldWalSenders { get; init; }

    /// <summary>Those of them that were not yet seen to go by the present names.</summary>
    public required ImmutableArray<WalSenderView> LateWalSenders { get; init; }

    /// <summary>How many must acknowledge where not all have to (<see cref="Listed"/>).</summary>
    public required int NodeCount { get; init; }

    /// <summary>Plain synchronous mode: all of <see cref="Eligible"/>, who were chosen, must acknowledge.</summary>
    public required bool Listed { get; init; }
    public required bool Strict { get; init; }

    /// <summary>False: the last standby may only be reconnecting, as after every promotion and restart.</summary>
    public required bool SurelyAlone { get; init; }

    /// <summary>False: synchronous mode is off, and the set is taken down.</summary>
    public required bool Enabled { get; init; }
}
