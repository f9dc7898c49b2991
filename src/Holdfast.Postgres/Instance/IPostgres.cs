using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Postgres.Instance;

/// <summary>
/// One PostgreSQL on this host, as the agent uses it. The agent's loop calls it from one thread at a time, except <see
/// cref="LookAsync"/>, <see cref="StartFactsAsync"/> and <see cref="BarrierAsync"/>. Nothing here decides; every method
/// is idempotent, and has time limits of its own.
/// </summary>
public interface IPostgres
{
    /// <summary>One look: process, control file and, where it answers, one round trip of SQL (1 s limit). Never throws
    /// for a server that does not answer: the view then says Starting or Stopped.</summary>
    ValueTask<PostgresView> LookAsync(CancellationToken stop);

    /// <summary>The running postmaster of this data directory, also one that we did not start; null when there is
    /// none.</summary>
    ProcessIdentity? Postmaster { get; }

    /// <summary>initdb, with data checksums, into an empty directory; ends stopped, with standby.signal in
    /// place.</summary>
    ValueTask<StepResult> InitializeAsync(CancellationToken stop);

    /// <summary>Base backup from <paramref name="source"/> into a directory beside, which then takes the place of the
    /// data directory; a former one that held data is kept aside as NAME.diverged (one is kept).</summary>
    ValueTask<StepResult> CloneAsync(ServerAddress source, CancellationToken stop);

    /// <summary>pg_rewind against <paramref name="source"/>, with the marker before and removed only after
    /// success.</summary>
    ValueTask<StepResult> RewindAsync(ServerAddress source, CancellationToken stop);

    /// <summary>What local history and the source's tell: needed before a former primary, or a replica on another
    /// timeline, may stream from <paramref name="source"/>.</summary>
    ValueTask<HistoryVerdict> CompareHistoryAsync(ServerAddress source, CancellationToken stop);

    /// <summary>Starts the postmaster as a replica, in a cgroup leaf of its own where possible. Answers when the
    /// process runs (not when it accepts connections). A null <paramref name="source"/>: recovers, and streams from
    /// nobody.</summary>
    ValueTask<StepResult> StartReplicaAsync(ServerAddress? source, CancellationToken stop);

    /// <summary>Removes standby.signal and starts the postmaster as a primary with this synchronous_standby_names.
    /// The caller holds a valid deadline.</summary>
    ValueTask<StepResult> StartPrimaryAsync(string synchronousStandbyNames, CancellationToken stop);

    /// <summary>Sets synchronous_standby_names, promotes, and answers when pg_is_in_recovery() is false.</summary>
    ValueTask<StepResult> PromoteAsync(string synchronousStandbyNames, CancellationToken stop);

    /// <summary>Points the running replica at <paramref name="source"/> (null: at nobody) by reload, no
    /// restart.</summary>
    ValueTask<StepResult> FollowAsync(ServerAddress? source, CancellationToken stop);

    /// <summary>Writes synchronous_standby_names, reloads, and answers when the postmaster shows the new
    /// value.</summary>
    ValueTask<StepResult> SetSynchronousStandbysAsync(string names, CancellationToken stop);

    /// <summary>Terminates a walsender and waits until it is gone.</summary>
    ValueTask<StepResult> TerminateWalSenderAsync(int pid, CancellationToken stop);

    /// <summary>Creates and drops physical slots so that exactly these member slots exist. Slots that we never made,
    /// physical or logical, are left alone.</summary>
    ValueTask<StepResult> SetMemberSlotsAsync(IReadOnlyCollection<string> slots, CancellationToken stop);

    /// <summary>While it still serves, what makes the stop and the next primary's start short.</summary>
    ValueTask<StepResult> CheckpointAsync(CancellationToken stop);

    /// <summary>The same: a fresh segment of the log that the standbys have, since streaming always begins at the
    /// start of one.</summary>
    ValueTask<StepResult> FreshSegmentAsync(CancellationToken stop);

    /// <summary>Waits until no client has a transaction or a statement under way: seen twice in a row, the second
    /// time at least <paramref name="apart"/> after the call. Failed: one still has after <paramref
    /// name="limit"/>.</summary>
    ValueTask<StepResult> QuietAsync(TimeSpan apart, TimeSpan limit, CancellationToken stop);

    /// <summary>Fast stop, bounded by <paramref name="limit"/>; then the kill. standby.signal is in place
    /// afterwards.</summary>
    ValueTask<StepResult> StopAsync(TimeSpan limit, CancellationToken stop);

    /// <summary>SIGKILL to all of PostgreSQL, from any thread, without allocation-heavy work or the thread pool;
    /// returns when it was delivered to all. Also when nothing runs. standby.signal is in place afterwards; on a hung
    /// disk, as soon as that writes again.</summary>
    void Kill();

    /// <summary>Puts the cluster's parameters and pg_hba into force: writes the files and reloads when they
    /// changed.</summary>
    ValueTask<StepResult> ApplyAsync(DynamicSettings settings, CancellationToken stop);

    /// <summary>Creates the configured roles and databases where they are missing, and sets their passwords.</summary>
    ValueTask<StepResult> CreateRolesAndDatabasesAsync(CancellationToken stop);

    /// <summary>The write-ahead log's history as Patroni's key <c>history</c> wants it: the lines of the newest
    /// .history file as (timeline, position in bytes, reason); empty on timeline 1.</summary>
    ValueTask<IReadOnlyList<(int Timeline, ulong Position, string Reason)>> HistoryAsync(CancellationToken stop);

    /// <summary>How the running primary began; null: it is none, or does not answer.</summary>
    ValueTask<StartFacts?> StartFactsAsync(CancellationToken stop);

    /// <summary>A commit of our own under the synchronous rule in force. Done: it was acknowledged, without a warning
    /// that the wait for standbys was given up.</summary>
    ValueTask<StepResult> BarrierAsync(TimeSpan limit, CancellationToken stop);

    /// <summary>Raised, from any thread, when the postmaster ends.</summary>
    event Action? Ended;
}

/// <summary>Where a server listens.</summary>
public readonly record struct ServerAddress(NodeName Name, string Host, int Port);

/// <summary>What came of one step, and why not, in words.</summary>
public readonly record struct StepResult(bool Ok, string Why)
{
    public static StepResult Done { get; } = new(true, "");
    public static StepResult Failed(string why) => new(false, why);
}
