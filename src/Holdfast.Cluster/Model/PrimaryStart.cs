namespace Holdfast.Cluster.Model;

/// <summary> One start of a primary: a promotion, or a start in place. It is written down before that start can
/// assign a transaction id, and completed once it is known how it began; so between two starts that follow each other
/// in <see cref="ClusterView.Starts"/> no other primary ever ran.
/// </summary>
/// <remarks>What a transaction came to whose COMMIT was not answered: look for the start of its server, by <see
/// cref="By"/> and <see cref="PostmasterStarted"/>; then, with T of the start that follows in the list: xid >= T has
/// not committed, and for xid &lt; T the present primary's pg_xact_status speaks of the same transaction. No such
/// start, or no T: nothing can be told.</remarks>
public sealed record PrimaryStart
{
    /// <summary>Grows by one from start to start of a list.</summary>
    public long Number { get; init; }
    public required NodeName By { get; init; }

    /// <summary>Of the lock under which it began; <see cref="Cluster.Model.Term.None"/> while it is only
    /// intended.</summary>
    public Term Term { get; init; }

    /// <summary>The timeline that it writes; 0 while it is only intended.</summary>
    public int Timeline { get; init; }

    /// <summary>The timeline that it goes on from: the same, after a start in place.</summary>
    public int ParentTimeline { get; init; }

    /// <summary>pg_postmaster_start_time() in microseconds since 1970: who the postmaster is, compared exactly; 0 while
    /// the start is only intended.</summary>
    public long PostmasterStarted { get; init; }

    /// <summary>T: the first transaction id (xid8) that this start may have assigned, and no transaction from it on
    /// committed before. Null: not known, now or ever.</summary>
    public ulong? NextXid { get; init; }

    /// <summary>False: it may not have begun yet, and if another start follows in the list, nobody will ever know how
    /// it began.</summary>
    public bool IsComplete => PostmasterStarted != 0;
}
