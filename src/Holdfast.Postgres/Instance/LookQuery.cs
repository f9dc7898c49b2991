using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>The look at a running server: one prepared round trip on a connection that is kept.</summary>
/// <remarks>The timeline of a replica whose receiver is gone is the highest that it has a log segment of: the control
/// file follows only at the next restartpoint, and a candidate must not look older than it is. Before version 14 the
/// checkpointer's pauses between writes have no wait event.</remarks>
sealed class LookQuery(InstanceSettings settings) : IAsyncDisposable
{
    const string Server = """
        SELECT pg_is_in_recovery(),
          current_setting('server_version_num')::int4,
          (pg_control_system()).system_identifier::text,
          coalesce((SELECT wait_event IN ('CheckpointerMain', 'CheckpointWriteDelay')
            FROM pg_stat_activity WHERE backend_type = 'checkpointer'),
            false) OR current_setting('server_version_num')::int4 < 140000,
          CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END,
          pg_last_wal_receive_lsn()::text,
          pg_last_wal_replay_lsn()::text,
          coalesce(receiver.status, ''),
          CASE WHEN pg_is_in_recovery() THEN coalesce(receiver.received_tli,
            greatest((pg_control_checkpoint()).timeline_id, (pg_control_recovery()).min_recovery_end_timeline,
              (SELECT max(('x' || left(name, 8))::bit(32)::int4)
                FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'))) END,
          current_setting('primary_conninfo'),
          current_setting('synchronous_standby_names'),
          pg_postmaster_start_time()::text,
          pg_last_xact_replay_timestamp()::text,
          CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
          pg_conf_load_time()::text,
          extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time)::float8,
          CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_flush_lsn()::text END,
          (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8
        FROM (SELECT) AS one LEFT JOIN pg_stat_wal_receiver AS receiver ON true
        """;

    /// <summary>Asleep where it reads a changed configuration at once.</summary>
    public const string CheckpointerListens = """
        SELECT coalesce((SELECT wait_event IN ('CheckpointerMain', 'CheckpointWriteDelay')
          FROM pg_stat_activity WHERE backend_type = 'checkpointer'), false)
          OR current_setting('server_version_num')::int4 < 140000
        """;

    const string Senders = """
        SELECT sender.application_name, sender.pid, coalesce(sender.state, ''), coalesce(sender.sync_state, ''),
          host(sender.client_addr), sender.write_lsn::text, sender.flush_lsn::text, sender.replay_lsn::text,
          slot.slot_name::text, coalesce(activity.wait_event, '') = 'WalSenderMain'
        FROM pg_stat_replication AS sender LEFT JOIN pg_replication_slots AS slot ON slot.active_pid = sender.pid
          LEFT JOIN pg_stat_activity AS activity ON activity.pid = sender.pid
        """;

    // One whose log is lost serves nobody: it has to be made anew.
    const string Slots = """
        SELECT slot_name::text, active FROM pg_replication_slots
        WHERE slot_type = 'physical' AND NOT temporary AND wal_status IS DISTINCT FROM 'lost'
        """;

    // Below remote_write a commit is answered before a standby has it.
    const string Commits = """
        SELECT NOT EXISTS (SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting
            WHERE setting LIKE 'synchronous_commit=%'
              AND split_part(setting, '=', 2) NOT IN ('on', 'remote_apply', 'remote_write'))
        """;

    // Our own session says "local": only the files tell.
    const string FilesLower = """
        SELECT EXISTS (SELECT FROM pg_file_settings WHERE name = 'synchronous_commit' AND applied
          AND setting NOT IN ('on', 'remote_apply', 'remote_write'))
        """;

    const string Pending = "SELECT EXISTS (SELECT FROM pg_settings WHERE pending_restart)";

    readonly Lock _gate = new();
    Task<PostgresView?> _running = Task.FromResult<PostgresView?>(null);
    SqlSession? _session;
    NpgsqlBatch? _batch;
    ProcessIdentity _server;
    (string LoadedAt, bool PendingRestart, bool FilesLower) _loaded;

    /// <summary>Null when it does not answer within the limit. A look under way is shared by whoever asks meanwhile;
    /// one that got stuck is given up by its callers, and cleans up after itself before the next one begins.</summary>
    public async ValueTask<PostgresView?> TryAsync(ProcessIdentity server, CancellationToken stop)
    {
        Task<PostgresView?> look;
        lock (_gate)
            look = _running.IsCompleted ? _running = LookWithinLimitAsync(server) : _running;
        try
        {
            var view = await look.WaitAsync(InstanceLimits.Look, stop);
            return server == _server ? view : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    async Task<PostgresView?> LookWithinLimitAsync(ProcessIdentity server)
    {
        using var limit = new CancellationTokenSource(InstanceLimits.Look);
        try
        {
            return await LookAsync(server, limit.Token);
        }
        catch (Exception failure) when (Sql.IsFailure(failure, CancellationToken.None))
        {
            await CloseAsync();
            return null;
        }
    }

    async Task<PostgresView?> LookAsync(ProcessIdentity server, CancellationToken stop)
    {
        if (_batch is not null && server == _server)
        {
            try
            {
                return await ReadAsync(_batch, stop);
            }
            catch (NpgsqlException)
            {
                // Somebody ended this session; the server itself may be well: ask it once more.
            }
        }
        await CloseAsync();
        // PostgreSQL would make a process for each of us, only to refuse it.
        if (PostmasterPidFile.Read(settings.DataDirectory) is { RefusesSessions: true } file && file.Pid == server.Pid)
            return null;
        _session = await SqlSession.OpenLocalAsync(settings, stop);
        _server = server;
        _batch = _session.Connection.CreateBatch();
        foreach (var sql in (ReadOnlySpan<string>)[Server, Senders, Slots, Commits])
            _batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await _batch.PrepareAsync(stop);
        return await ReadAsync(_batch, stop);
    }

    async Task<PostgresView> ReadAsync(NpgsqlBatch batch, CancellationToken stop)
    {
        PostgresView view;
        string loadedAt;
        await using (var reader = await batch.ExecuteReaderAsync(stop))
        {
            await reader.ReadAsync(stop);
            (view, loadedAt) = (ReadServer(reader), reader.GetString(14));
            await reader.NextResultAsync(stop);
            var senders = ImmutableArray.CreateBuilder<WalSenderView>();
            while (await reader.ReadAsync(stop))
                senders.Add(ReadSender(reader));
            await reader.NextResultAsync(stop);
            var slots = ImmutableDictionary.CreateBuilder<string, bool>(StringComparer.Ordinal);
            while (await reader.ReadAsync(stop))
                slots[reader.GetString(0)] = reader.GetBoolean(1);
            await reader.NextResultAsync(stop);
            await reader.ReadAsync(stop);
            view = view with
            {
                WalSenders = senders.ToImmutable(),
                Slots = slots.ToImmutable(),
                CommitsAreSynchronous = reader.GetBoolean(0),
            };
        }
        // The view of all settings is slow, and what it says of restarts changes with a reload only.
        if (!string.Equals(loadedAt, _loaded.LoadedAt, StringComparison.Ordinal))
        {
            _loaded = (loadedAt, await _session!.ScalarAsync(Pending, stop) == "t",
                await _session!.ScalarAsync(FilesLower, stop) == "t");
        }
        return view with
        {
            PendingRestart = _loaded.PendingRestart,
            CommitsAreSynchronous = view.CommitsAreSynchronous && !_loaded.FilesLower,
        };
    }

    static PostgresView ReadServer(NpgsqlDataReader row)
    {
        var replica = row.GetBoolean(0);
        return new PostgresView
        {
            State = replica ? PostgresState.Replica : PostgresState.Primary,
            Data = DataState.Usable,
            ServerVersion = row.GetInt32(1),
            SystemIdentifier = row.GetString(2),
            CheckpointerListens = row.GetBoolean(3),
            Written = Position(row, 16),
            Timeline = replica
                ? row.IsDBNull(8) ? null : row.GetInt32(8) // Null: it was promoted while it answered.
                : int.Parse(row.GetString(4).AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            Received = replica ? Position(row, 5) : null,
            Replayed = replica ? Position(row, 6) : null,
            Streaming = row.GetString(7) == "streaming",
            PrimaryConninfo = row.GetString(9),
            SynchronousStandbyNames = row.GetString(10),
            StartTime = row.GetString(11),
            PostmasterStarted = row.GetInt64(17),
            ReplayTimestamp = Text(row, 12),
            ReplayPaused = row.GetBoolean(13),
            WalSilence = row.IsDBNull(15) ? null : TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(15))),
        };
    }

    static WalSenderView ReadSender(NpgsqlDataReader row) => new()
    {
        Name = new NodeName(row.GetString(0)),
        Pid = row.GetInt32(1),
        State = row.GetString(2),
        SyncState = row.GetString(3),
        ClientAddress = Text(row, 4),
        Written = Position(row, 5) ?? Lsn.Zero,
        Flushed = Position(row, 6) ?? Lsn.Zero,
        Replayed = Position(row, 7) ?? Lsn.Zero,
        Slot = Text(row, 8),
        Sleeps = row.GetBoolean(9),
    };

    static Lsn? Position(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : Lsn.Parse(row.GetString(column));
    static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    async ValueTask CloseAsync()
    {
        var (session, batch) = (_session, _batch);
        (_session, _batch, _loaded) = (null, null, default);
        if (batch is not null)
            await batch.DisposeAsync();
        if (session is not null)
            await session.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_gate)
            running = _running;
        await running;
        await CloseAsync();
    }
}
