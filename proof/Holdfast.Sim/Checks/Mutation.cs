using System.Text.Json.Nodes;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Sim.World;
using Holdfast.Store;

namespace Holdfast.Sim.Checks;

/// <summary>One rule broken on purpose, at a seam of the simulation: a checker that misses it is a defect.</summary>
internal enum Mutation
{
    None,

    /// <summary>A keep-alive with a TTL counts, without the look at the key.</summary>
    KeepAliveAlone,

    /// <summary>A change of the raft term is not noticed.</summary>
    RaftTermIgnored,

    /// <summary>The deadline counts from the answer, and so does the limit of the round: the margin covers a round that
    /// is in time.</summary>
    DeadlineFromAnswer,

    /// <summary>The deadline is later than the lease can be: no margin, and worse.</summary>
    NoMargin,

    /// <summary>The supervisor watches and does nothing.</summary>
    SupervisorNeverFences,

    /// <summary>The agent finds that it has to fence, and does nothing.</summary>
    AgentNeverFences,

    /// <summary>A supervisor's ticket does not survive its own restart, and an unknown server is left alone.</summary>
    TicketForgotten,

    /// <summary>A restarted agent believes in a deadline of its own making.</summary>
    DeadlineMadeUp,

    /// <summary>A fence ends the postmaster, and no backend.</summary>
    FencePostmasterOnly,

    /// <summary>The lock is taken without a look whether it is free. /sync is not compared either: it is written with
    /// each lock, and alone would be enough.</summary>
    LockNotCompared,

    /// <summary>The lock is taken on a /sync that may have changed meanwhile.</summary>
    SyncNotCompared,

    /// <summary>Elections need one vote less.</summary>
    QuorumTooSmall,

    /// <summary>Everybody may be elected.</summary>
    EverybodyVotes,

    /// <summary>A peer's position counts as zero: nobody is ever ahead.</summary>
    NobodyAhead,

    /// <summary>A promotion without the synchronous names.</summary>
    PromoteWithoutNames,

    /// <summary>New names are believed to be in force long before they are.</summary>
    NamesBelieved,

    /// <summary>A removed member's walsender goes on.</summary>
    WalSenderKept,

    /// <summary>A history that went past the leader's is taken for a part of it.</summary>
    HistoryBelieved,

    /// <summary>Timelines of the same number that begin at the same position are taken for the same.</summary>
    BeginNotCompared,

    /// <summary>Without the store the primary goes on whatever the members say.</summary>
    FailsafeUnasked,

    /// <summary>A refusal is told to others, and the walreceiver goes on.</summary>
    RefusalOnlyTold,

    /// <summary>A refusal does not survive a restart of the agent.</summary>
    RefusalForgotten,

    /// <summary>Peers' positions count although they refused nothing.</summary>
    RefusalNotAsked,

    /// <summary>A lease in its last second is taken for gone (etcd tells whole seconds).</summary>
    LastSecondIsGone,

    /// <summary>A store that was set back is believed.</summary>
    RestoredStoreBelieved,

    /// <summary>The store takes no intent of a start.</summary>
    StartsNotWritten,

    /// <summary>A new primary's own commit is taken for acknowledged at once.</summary>
    BarrierNotWaitedFor,

    /// <summary>A primary stops for a switchover without a word to the proxies.</summary>
    HandOverNotTold,
}

internal static class Mutations
{
    public static IEnumerable<Mutation> All => Enum.GetValues<Mutation>().Where(one => one != Mutation.None);

    public static Transaction Alter(this Mutation mutation, Transaction transaction) => mutation switch
    {
        Mutation.LockNotCompared => transaction with
        {
            If = transaction.If.Any(compare => compare is Compare.Missing { Key: "/service/sim/leader" })
                ? [] : transaction.If,
        },
        Mutation.SyncNotCompared => transaction with
        {
            If = [.. transaction.If.Where(compare => compare.Key != "/service/sim/sync")],
        },
        Mutation.StartsNotWritten => transaction with
        {
            Then = [.. transaction.Then.Where(operation => operation.Key != "/holdfast/sim/starts")],
        },
        Mutation.HandOverNotTold => transaction with
        {
            Then = [.. transaction.Then.Select(operation => operation is Operation.Put put
                ? put with { Text = put.Text.Replace(",\"holdfast_handover\":true", "", StringComparison.Ordinal) }
                : operation)],
        },
        _ => transaction,
    };

    public static PeerAnswer? Alter(this Mutation mutation, PeerAnswer? answer, Term newest) => mutation switch
    {
        Mutation.NobodyAhead when answer is not null => answer with { Position = new Lsn(1), Timeline = 0 },
        Mutation.RefusalNotAsked when answer is not null => answer with { Refused = newest },
        _ => answer,
    };

    /// <summary>What a reader sees of a key.</summary>
    public static KeyValue Alter(this Mutation mutation, KeyValue pair)
    {
        if (pair.Key != "/service/sim/sync" || mutation is not (Mutation.QuorumTooSmall or Mutation.EverybodyVotes)
            || JsonNode.Parse(pair.Value) is not JsonObject sync)
            return pair;
        if (mutation == Mutation.QuorumTooSmall)
            sync["quorum"] = Math.Max(0, (int)sync["quorum"]! - 1);
        else
            (sync["sync_standby"], sync["quorum"]) = ("n1,n2,n3,n4,n5", 0);
        return pair with { Value = sync.ToJsonString() };
    }

    /// <summary>What a new agent gets to know of its predecessor's deadline.</summary>
    public static FenceTicket? Inherited(this Mutation mutation, Host host)
    {
        var ticket = host.Supervisor?.Ticket;
        return mutation == Mutation.DeadlineMadeUp && ticket is { LeaseId: > 0 }
            ? ticket with
            {
                DeadlineNs = BootClock.ToNanoseconds(
                    host.World.Now - host.Boot.At + host.World.Settings.Ttl - TimeSpan.FromSeconds(0.5)),
            }
            : ticket;
    }
}
