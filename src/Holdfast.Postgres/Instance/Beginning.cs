using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Postgres.Instance;

/// <summary> Where the life of a primary began, in transaction ids: what COMMITs of its predecessor came to hangs on
/// it. Asked by one job at a time.
/// </summary>
/// <remarks>A standby's snapshot tells what had committed up to what it had replayed; that holds for the promotion if
/// the new timeline begins exactly there. After a start in place the control file tells, as long as its checkpoint is
/// that of the clean shutdown or of the end of the crash recovery: those alone have their redo location at the
/// checkpoint itself (xlog.c, CreateCheckPoint: an online one logs the running transactions in between where
/// wal_level is replica).
/// </remarks>
sealed class Beginning(Sql sql, HistoryFiles history)
{
    // One reading each, the position first: what was replayed in between makes the snapshot too new for its position,
    // never too old.
    const string Replay = """
        SELECT pg_last_wal_replay_lsn()::text || ' '
          || coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true)::text
        """;
    const string Xmax = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text";

    const string Facts = """
        SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8::text || ' '
          || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || ' '
          || timeline_id || ' ' || (checkpoint_lsn = redo_lsn)::text || ' ' || next_xid
        FROM pg_control_checkpoint() WHERE NOT pg_is_in_recovery()
        """;

    sealed record Promotion(ProcessIdentity Server, Lsn Replayed, ulong NextXid);

    volatile Promotion? _promotion;
    volatile object? _startedInPlace; // ProcessIdentity

    /// <summary>On a standby that is about to be promoted. Waits, within <paramref name="limit"/>, while it replays
    /// what it has: the promotion would wait for that too.</summary>
    public async Task RememberAsync(
        SqlSession standby, ProcessIdentity? server, TimeSpan limit, CancellationToken bounded)
    {
        _promotion = null;
        if (server is not { } process)
            return;
        var until = BootClock.Now + limit;
        string? former = null;
        while (true)
        {
            if (await standby.ScalarAsync(Replay, bounded) is not { } answer)
                return;
            // The end of a record may be missing: then what was received is never reached.
            if (answer.EndsWith("true", StringComparison.Ordinal) || answer == former || BootClock.Now >= until)
            {
                var xmax = await standby.ScalarAsync(Xmax, bounded);
                _promotion = new Promotion(
                    process, Lsn.Parse(answer.Split(' ')[0]), ulong.Parse(xmax!, CultureInfo.InvariantCulture));
                return;
            }
            former = answer;
            await Task.Delay(InstanceLimits.Poll, bounded);
        }
    }

    /// <summary>It was started as a primary.</summary>
    public void StartedInPlace(ProcessIdentity? server) => _startedInPlace = server;

    /// <summary>Null: it does not answer, or is no primary.</summary>
    public async ValueTask<StartFacts?> LookAsync(ProcessIdentity server, CancellationToken stop)
    {
        StartFacts? facts = null;
        var asked = await sql.StepAsync("start facts", InstanceLimits.Sql, async (session, bounded) =>
        {
            if (await session.ScalarAsync(Facts, bounded) is { } answer)
                facts = Judge(answer.Split(' '), server);
            return StepResult.Done;
        }, stop);
        return asked.Ok ? facts : null;
    }

    StartFacts Judge(string[] fields, ProcessIdentity server)
    {
        var started = long.Parse(fields[0], CultureInfo.InvariantCulture);
        var timeline = int.Parse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (_promotion is { } promotion && promotion.Server == server)
            return Promoted(promotion, started, timeline);
        if (_startedInPlace is not ProcessIdentity inPlace || inPlace != server)
            return new StartFacts(started, timeline, timeline, null, "it began before this agent");
        var isOwn = int.Parse(fields[2], CultureInfo.InvariantCulture) == timeline && fields[3] == "true";
        return isOwn
            ? new StartFacts(started, timeline, timeline, Whole(fields[4]), "")
            : new StartFacts(started, timeline, timeline, null, "a later checkpoint has been made");
    }

    StartFacts Promoted(Promotion promotion, long started, int timeline)
    {
        if (history.Read(timeline) is not { Switches: [.., var last] })
            return new StartFacts(started, timeline, 0, null, $"no history of timeline {timeline}");
        return last.End == promotion.Replayed
            ? new StartFacts(started, timeline, last.Timeline, promotion.NextXid, "")
            : new StartFacts(started, timeline, last.Timeline, null,
                $"it was looked at at {promotion.Replayed}, and promoted at {last.End}");
    }

    /// <summary>From pg_controldata's form, epoch:xid.</summary>
    static ulong Whole(string nextXid)
    {
        var fields = nextXid.Split(':');
        return ((ulong)uint.Parse(fields[0], CultureInfo.InvariantCulture) << 32)
            | uint.Parse(fields[1], CultureInfo.InvariantCulture);
    }
}
