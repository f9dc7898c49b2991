using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Holdfast.Postgres.Instance;

/// <summary>Gathers both histories and compares them.</summary>
sealed class HistoryCheck(
    InstanceSettings settings, DataDirectory data, ControlFile control, Programs programs, ILogger log)
{
    /// <summary>A promotion's first record is shorter; a difference stands in its checksum at the latest.</summary>
    const int BeginBytes = 48;

    // On a primary the control file may still show the old timeline: the first checkpoint of the new one takes its
    // time.
    const string Identify = """
        SELECT concat_ws(' ', (pg_control_system()).system_identifier, pg_is_in_recovery(),
          CASE WHEN pg_is_in_recovery()
            THEN coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
            ELSE pg_current_wal_insert_lsn() END,
          CASE WHEN pg_is_in_recovery() THEN
            lpad(upper(to_hex(coalesce((SELECT received_tli FROM pg_stat_wal_receiver),
              greatest((pg_control_checkpoint()).timeline_id, (pg_control_recovery()).min_recovery_end_timeline,
                (SELECT max(('x' || left(name, 8))::bit(32)::int4)
                  FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'))))), 8, '0')
            ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END)
        """;

    /// <summary>One session tells all: while a new primary waits for its standbys, every connection counts.</summary>
    /// <param name="server">Whom we would stream from.</param>
    /// <param name="running">This server, looked at before this call; null where it is stopped.</param>
    /// <param name="stop">Ends the agent.</param>
    public async ValueTask<HistoryVerdict> CompareAsync(
        ServerAddress server, PostgresView? running, CancellationToken stop)
    {
        var reading = control.ReadAsync(stop).AsTask();
        var (verdict, why) = (HistoryVerdict.Unknown, "");
        var asked = await Sql.AttemptAsync($"asking {server.Name} for its history", InstanceLimits.Sql, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(server, settings.Superuser, bounded);
            var source = await AskAsync(session, server, bounded);
            (verdict, why) = await CompareAsync(session, source, await reading, running, bounded);
            return StepResult.Done;
        }, stop);
        await reading;
        log.Compared(server.Name.Value, verdict, asked.Ok ? why : asked.Why);
        return verdict;
    }

    // The name of a segment without its timeline: they are removed from the oldest on. pg_walfile_name gives the former
    // segment for its very end, so the caller asks for one byte more.
    const string LogGone = """
        SELECT coalesce((SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = $1::name), false)
          OR coalesce((SELECT min(substr(name, 9)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')
            > substr(pg_walfile_name($2::pg_lsn), 9), false)
        """;

    /// <summary>True when the primary <paramref name="server"/> says that it no longer has the log that follows
    /// <paramref name="position"/>: streaming from there can't begin.</summary>
    public async ValueTask<bool> IsLogGoneAsync(ServerAddress server, Lsn position, CancellationToken stop)
    {
        var gone = await Sql.AttemptAsync($"asking {server.Name} for its log", InstanceLimits.Sql, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(server, settings.Superuser, bounded);
            string[] arguments = [settings.Name.SlotName, new Lsn(position.Value + 1).ToString()];
            return await session.ScalarAsync(LogGone, arguments, bounded) == "t"
                ? StepResult.Done
                : StepResult.Failed("it is there");
        }, stop);
        return gone.Ok;
    }

    async ValueTask<(HistoryVerdict Verdict, string Why)> CompareAsync(
        SqlSession session, SourceHistory source, ControlFacts? control, PostgresView? running, CancellationToken stop)
    {
        if (control is not { } facts)
            return (HistoryVerdict.Unknown, "the local control file can't be read");
        // Its control file is the source's own, "in production": it tells nothing of this directory.
        if (data.IsUnstartedBackup && facts.SystemIdentifier == source.SystemIdentifier)
            return (HistoryVerdict.Same, "a base backup that was never started");
        var files = new HistoryFiles(data);
        var local = new LocalHistory(facts, files.Read(facts.Timeline), [.. files.After(facts.Timeline)])
        {
            Running = running?.Position ?? Lsn.Zero,
            RunningTimeline = running is { State: PostgresState.Replica, Timeline: { } timeline } ? timeline : 0,
        };
        var passed = false;
        foreach (var point in HistoryComparison.LeftAt(local, source))
            passed = passed || await HasRecordAsync(point, stop);
        // A begin that is not here yet, only its history file, proves nothing.
        var otherBegin = HistoryComparison.SharedBegin(local, source) is { } begin
            && await IsOtherBeginAsync(session, begin.Timeline, begin.Begin, stop)
            && await HasRecordAsync(new TimelineSwitch(begin.Timeline, begin.Begin, ""), stop);
        return HistoryComparison.Compare(local, source, passed, otherBegin);
    }

    /// <summary>The first record of a timeline holds the time at which it was written: these bytes are its identity.
    /// False also where one side no longer has them, which proves nothing.</summary>
    async ValueTask<bool> IsOtherBeginAsync(SqlSession session, int timeline, Lsn begin, CancellationToken stop)
    {
        var size = ulong.Parse(
            await session.ScalarAsync("SELECT pg_size_bytes(current_setting('wal_segment_size'))", stop) ?? "",
            CultureInfo.InvariantCulture);
        var file = WalFile(timeline, begin, size);
        var offset = (long)(begin.Value % size);
        var theirs = await session.ScalarAsync(
            "SELECT encode(pg_read_binary_file($1, $2::bigint, $3::bigint, true), 'hex')",
            [$"pg_wal/{file}", Text(offset), Text(BeginBytes)], stop);
        var ours = ReadBegin(Path.Combine(data.WalFolder, file), offset);
        return theirs is { Length: > 0 } && ours is not null
            && !string.Equals(theirs, ours, StringComparison.OrdinalIgnoreCase);
    }

    static string? ReadBegin(string path, long offset)
    {
        if (!File.Exists(path))
            return null;
        using var file = File.OpenRead(path);
        file.Seek(offset, SeekOrigin.Begin);
        var bytes = new byte[BeginBytes];
        return Convert.ToHexString(bytes, 0, file.ReadAtLeast(bytes, BeginBytes, throwOnEndOfStream: false));
    }

    // PostgreSQL source, XLogFileName: timeline, and the segment's number in two parts.
    static string WalFile(int timeline, Lsn position, ulong segmentBytes)
    {
        var (segment, each) = (position.Value / segmentBytes, 0x1_0000_0000UL / segmentBytes);
        return string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}{segment / each:X8}{segment % each:X8}");
    }

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static async Task<SourceHistory> AskAsync(SqlSession session, ServerAddress server, CancellationToken stop)
    {
        var fields = (await session.ScalarAsync(Identify, stop) ?? "").Split(' ');
        if (fields.Length != 4)
            throw new FormatException($"{server.Name} did not identify itself");
        var timeline = int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var history = timeline == 1
            ? ""
            : await session.ScalarAsync(
                "SELECT pg_read_file($1)", [$"pg_wal/{TimelineHistory.FileName(timeline)}"], stop);
        return new SourceHistory(
            fields[0], fields[1] == "t", Lsn.Parse(fields[2]), TimelineHistory.Parse(timeline, history ?? ""));
    }

    /// <summary>True when the local log of that timeline holds a whole record at or after the point where it was left:
    /// pg_waldump finds exactly what recovery would replay.</summary>
    async ValueTask<bool> HasRecordAsync(TimelineSwitch point, CancellationToken stop)
    {
        var segments = Directory.EnumerateFiles(data.WalFolder, $"{point.Timeline:X8}????????????????");
        if (!segments.Any())
            return false;
        var timeline = point.Timeline.ToString(CultureInfo.InvariantCulture);
        var result = await programs.RunAsync(
            "pg_waldump",
            ["-p", data.WalFolder, "-t", timeline, "-s", point.End.ToString(), "-n", "1"],
            new RunLimits(InstanceLimits.WalDump),
            stop);
        return result.Output.Contains("rmgr:", StringComparison.Ordinal);
    }
}
