using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Doubt;

/// <summary>What is known of a COMMIT whose answer was lost.</summary>
internal enum CommitVerdict
{
    /// <summary>Nothing yet: there is more to come.</summary>
    Open,

    /// <summary>The primary that leads now can tell.</summary>
    AskPrimary,

    /// <summary>Not carried out, and it never will be.</summary>
    Aborted,

    /// <summary>Carried out, and as durable as the rule in force wants it.</summary>
    Committed,

    /// <summary>Nobody can say.</summary>
    Unknown,
}

/// <summary>
/// Finds out what became of a transaction from the starts of primaries since: pure. A transaction id that the next
/// start after its own could give out anew is of nothing in that primary's history; one below it is as
/// <c>pg_xact_status</c> says there.
/// </summary>
internal static class CommitRules
{
    /// <param name="evidence">Said before the COMMIT was sent.</param>
    /// <param name="view">The newest of the cluster.</param>
    /// <param name="hasPrimary">Somebody may serve as primary now: what its start had to write down is there.</param>
    public static CommitVerdict Judge(CommitEvidence evidence, ClusterView view, bool hasPrimary)
    {
        if (evidence.Xid is not { } xid)
            return evidence.IsSerializable ? CommitVerdict.Unknown : CommitVerdict.Committed;
        if (!evidence.IsDurable || view.Settings is not { SynchronousMode: not SynchronousMode.Off })
            return CommitVerdict.Unknown;
        var own = IndexOf(view.Starts, evidence);
        if (own < 0)
            return CommitVerdict.Unknown;
        if (own == view.Starts.Length - 1)
            return hasPrimary ? CommitVerdict.AskPrimary : CommitVerdict.Open;
        // The newest start is not over yet.
        if (!view.Starts[^1].IsComplete)
            return CommitVerdict.Open;
        if (!IsOneHistory(view.Starts, own))
            return CommitVerdict.Unknown;
        return view.Starts[own + 1].NextXid switch
        {
            null => CommitVerdict.Unknown,
            var next when xid >= next => CommitVerdict.Aborted,
            _ => hasPrimary ? CommitVerdict.AskPrimary : CommitVerdict.Open,
        };
    }

    /// <summary>True if the server that says when it was started is the newest primary: its word on a transaction
    /// counts.</summary>
    public static bool IsNewest(ImmutableArray<PrimaryStart> starts, NodeName server, long postmasterStarted) =>
        !starts.IsEmpty && starts[^1].By == server && starts[^1].PostmasterStarted == postmasterStarted;

    /// <param name="status">Of <c>pg_xact_status</c>; null for one that is too old.</param>
    public static CommitVerdict OfStatus(string? status) => status switch
    {
        "aborted" => CommitVerdict.Aborted,
        "committed" => CommitVerdict.Committed,
        // Its backend has not noticed yet that its client is gone, or waits for a standby.
        "in progress" => CommitVerdict.Open,
        _ => CommitVerdict.Unknown,
    };

    static int IndexOf(ImmutableArray<PrimaryStart> starts, CommitEvidence evidence)
    {
        for (var i = starts.Length - 1; i >= 0; i--)
        {
            if (starts[i].By == evidence.Server && starts[i].PostmasterStarted == evidence.PostmasterStarted)
                return i;
        }
        return -1;
    }

    // Each start since went on from the one before it.
    static bool IsOneHistory(ImmutableArray<PrimaryStart> starts, int from)
    {
        for (var i = from + 1; i < starts.Length; i++)
        {
            if (starts[i].ParentTimeline != starts[i - 1].Timeline || starts[i].Timeline == 0
                || starts[i].Number != starts[i - 1].Number + 1)
                return false;
        }
        return starts[from].Timeline != 0;
    }
}
