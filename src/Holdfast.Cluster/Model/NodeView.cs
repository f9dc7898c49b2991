using System.Collections.Immutable;

namespace Holdfast.Cluster.Model;

/// <summary>What runs on this node.</summary>
public enum PostgresState
{
    /// <summary>No postmaster.</summary>
    Stopped,

    /// <summary>A postmaster runs, and does not answer queries yet.</summary>
    Starting,

    /// <summary>It answers, and is a replica.</summary>
    Replica,

    /// <summary>It answers, and takes writes.</summary>
    Primary,
}

/// <summary>What the data directory is good for.</summary>
public enum DataState
{
    /// <summary>Absent or empty.</summary>
    Empty,

    /// <summary>A cluster that may be started.</summary>
    Usable,

    /// <summary>A clone or rewind was interrupted: never started, never a candidate; clone again.</summary>
    Unfinished,
}

/// <summary>Long work that is under way. A job is in the view; it never runs beside it unseen.</summary>
public sealed record JobView(string Name, TimeSpan Age);

/// <summary>One walsender on a primary (pg_stat_replication).</summary>
public sealed record WalSenderView
{
    public required NodeName Name { get; init; }
    public required int Pid { get; init; }
    public required string State { get; init; }
    public required string SyncState { get; init; }
    public string? ClientAddress { get; init; }
    public Lsn Written { get; init; }
    public Lsn Flushed { get; init; }
    public Lsn Replayed { get; init; }

    /// <summary>The active slot that it uses, null without one.</summary>
    public string? Slot { get; init; }

    /// <summary>It slept in its main loop (wait event WalSenderMain): it reads a changed setting before it looks at
    /// another answer of its standby.</summary>
    public bool Sleeps { get; init; }
}

/// <summary>What one look at this node's PostgreSQL found. Positions are null where they have no meaning.</summary>
public sealed record PostgresView
{
    public required PostgresState State { get; init; }
    public required DataState Data { get; init; }
    public string? SystemIdentifier { get; init; }
    public int? Timeline { get; init; }
    public int ServerVersion { get; init; }

    /// <summary>Primary: the position written (pg_current_wal_flush_lsn).</summary>
    public Lsn? Written { get; init; }

    /// <summary>Replica: flushed by the walreceiver (pg_last_wal_receive_lsn).</summary>
    public Lsn? Received { get; init; }
    public Lsn? Replayed { get; init; }

    /// <summary>True while a walreceiver streams.</summary>
    public bool Streaming { get; init; }

    /// <summary>How long ago the walreceiver last heard anything from its primary; null without one.</summary>
    public TimeSpan? WalSilence { get; init; }

    /// <summary>No role and no database lowers synchronous_commit below remote_write.</summary>
    public bool CommitsAreSynchronous { get; init; }

    /// <summary>Stopped cleanly: where the checkpoint of the shutdown stands, the last record of all.</summary>
    public Lsn? ShutdownAt { get; init; }

    /// <summary>Stopped: its last life was a replica's (pg_control: in archive recovery, or shut down in it).</summary>
    public bool WasReplica { get; init; }

    /// <summary>The conninfo in force on a replica (setting primary_conninfo).</summary>
    public string PrimaryConninfo { get; init; } = "";

    /// <summary>The setting in force.</summary>
    public string SynchronousStandbyNames { get; init; } = "";
    public ImmutableArray<WalSenderView> WalSenders { get; init; } = [];

    /// <summary>False: the checkpointer was at work without looking at changed settings, and it is the one who tells
    /// backends that they must wait for standbys. Looked up before <see cref="Written"/>.</summary>
    public bool CheckpointerListens { get; init; } = true;

    /// <summary>Physical slots by name, with whether they are active.</summary>
    public ImmutableDictionary<string, bool> Slots { get; init; } = ImmutableDictionary<string, bool>.Empty;

    /// <summary>Text of pg_postmaster_start_time(), null while stopped.</summary>
    public string? StartTime { get; init; }

    /// <summary>The same in microseconds since 1970; 0 while it does not answer.</summary>
    public long PostmasterStarted { get; init; }
    public string? ReplayTimestamp { get; init; }
    public bool ReplayPaused { get; init; }
    public bool PendingRestart { get; init; }

    /// <summary>How far this node's history surely goes: what a candidate compares.</summary>
    public Lsn Position => Written ?? Max(Received, Replayed);

    static Lsn Max(Lsn? left, Lsn? right)
    {
        var (a, b) = (left ?? Lsn.Zero, right ?? Lsn.Zero);
        return a > b ? a : b;
    }
}
