using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Postgres.Instance;

/// <summary>One real PostgreSQL, 13 to 18. Disposing it leaves the server running, for the next agent to
/// adopt.</summary>
public sealed class PostgresInstance : IPostgres, IAsyncDisposable
{
    readonly InstanceSettings _settings;
    readonly DataDirectory _data;
    readonly ControlFile _control;
    readonly ServerConfiguration _configuration;
    readonly PostmasterProcess _postmaster;
    readonly DirectoryMaker _maker;
    readonly HistoryCheck _history;
    readonly LookQuery _look;
    readonly SettingsCheck _check;
    readonly MemberSlots _slots;
    readonly Sql _sql;
    readonly Departure _departure;
    readonly Beginning _beginning;
    readonly Barrier _barrier;
    readonly ILogger _log;

    /// <summary>Finds and watches a postmaster that runs already; a stopped directory gets its
    /// standby.signal.</summary>
    public PostgresInstance(InstanceSettings settings, ILogger<PostgresInstance> log)
    {
        (_settings, _log) = (settings, log);
        var user = OsUser.ToBecome(settings.RunAs);
        var files = new DurableFiles(user);
        _data = new DataDirectory(Path.TrimEndingDirectorySeparator(settings.DataDirectory), files);
        files.CreateFolder(settings.SocketDirectory);
        var programs = new Programs(settings, _data, files, user);
        _control = new ControlFile(_data, programs);
        _configuration = new ServerConfiguration(settings, _data, files);
        _configuration.Load();
        _postmaster = new PostmasterProcess(settings, _data, files, user, log);
        _maker = new DirectoryMaker(settings, _data, files, programs, _configuration);
        _history = new HistoryCheck(settings, _data, _control, programs, log);
        _look = new LookQuery(settings);
        _slots = new MemberSlots(_data, files);
        _sql = new Sql(settings, () => _postmaster.Current);
        _check = new SettingsCheck(_sql, _data, files, programs, _configuration);
        _departure = new Departure(_sql);
        _beginning = new Beginning(_sql, new HistoryFiles(_data));
        _barrier = new Barrier(_sql);
        if (_postmaster.Current is { } running)
            log.Adopted(running.Pid);
        else if (_data.State == DataState.Usable)
            _data.EnsureStandbySignal();
    }

    public event Action? Ended
    {
        add => _postmaster.Ended += value;
        remove => _postmaster.Ended -= value;
    }

    public ProcessIdentity? Postmaster => _postmaster.Current;

    /// <summary>The leaf that holds PostgreSQL, for the fence ticket; null: the sweep kills.</summary>
    public Cgroup? Cgroup => _postmaster.Cgroup;

    public async ValueTask<PostgresView> LookAsync(CancellationToken stop)
    {
        var data = _data.State;
        if (_postmaster.Current is { } running)
        {
            return await _look.TryAsync(running, stop) is { } view
                ? Proved(view) with { Data = data }
                : await FromFilesAsync(PostgresState.Starting, data, await _control.AnyAsync(stop));
        }
        var control = data == DataState.Usable ? await _control.ReadAsync(stop) : null;
        return await FromFilesAsync(PostgresState.Stopped, data, control);
    }

    PostgresView Proved(PostgresView view)
    {
        if (view.Streaming || view.State == PostgresState.Primary)
            _data.ProveClone();
        return view;
    }

    ValueTask<PostgresView> FromFilesAsync(PostgresState state, DataState data, ControlFacts? control) =>
        ValueTask.FromResult(new PostgresView
        {
            State = state,
            Data = data,
            SystemIdentifier = control?.SystemIdentifier,
            Timeline = control?.Timeline,
            ShutdownAt = state == PostgresState.Stopped && control is { State: "shut down" }
                ? control.Checkpoint : null,
            WasReplica = state == PostgresState.Stopped && control is { WasReplica: true },
            ServerVersion = _data.MajorVersion * 10000,
            PrimaryConninfo = _configuration.PrimaryConninfo,
        });

    public ValueTask<StepResult> InitializeAsync(CancellationToken stop) =>
        MakeAsync("initialize", () => _maker.InitializeAsync(stop));

    public ValueTask<StepResult> CloneAsync(ServerAddress source, CancellationToken stop) =>
        MakeAsync("clone", () => _maker.CloneAsync(source, stop));

    public ValueTask<StepResult> RewindAsync(ServerAddress source, CancellationToken stop) =>
        MakeAsync("rewind", async () =>
        {
            // pg_rewind would recover it as a primary, on a history of its own.
            if (_data.IsUnstartedBackup)
                return StepResult.Failed("a base backup that was never started can't be rewound");
            var rewound = await _maker.RewindAsync(source, stop);
            if (!rewound.Ok)
                return rewound;
            // pg_rewind may see no need where numbers are equal and histories are not: then only a clone helps.
            var verdict = await _history.CompareAsync(source, null, stop);
            if (verdict != HistoryVerdict.Same)
                return StepResult.Failed($"after the rewind history is still {verdict}");
            _maker.FinishRewind();
            return StepResult.Done;
        });

    public async ValueTask<HistoryVerdict> CompareHistoryAsync(ServerAddress source, CancellationToken stop)
    {
        var look = _postmaster.Current is { } running ? await _look.TryAsync(running, stop) : null;
        var verdict = await _history.CompareAsync(source, look, stop);
        // Whoever does not follow it yet can't have missed its log either.
        return verdict == HistoryVerdict.Same && _configuration.Follows(source)
            && look is { State: PostgresState.Replica, Streaming: false }
            && await _history.IsLogGoneAsync(source, look.Position, stop)
                ? HistoryVerdict.Removed
                : verdict;
    }

    public async ValueTask<StepResult> StartReplicaAsync(ServerAddress? source, CancellationToken stop)
    {
        if (_data.State != DataState.Usable)
            return StepResult.Failed($"{_data.Path} is {_data.State}: it can't be started");
        var floors = (await _control.ReadAsync(stop))?.Floors;
        return await StartAsync("start replica", () =>
        {
            _data.EnsureStandbySignal();
            _configuration.SetSource(source);
            _configuration.SetSynchronousStandbyNames("");
        }, floors, stop);
    }

    public async ValueTask<StepResult> StartPrimaryAsync(string synchronousStandbyNames, CancellationToken stop)
    {
        if (_data.State != DataState.Usable)
            return StepResult.Failed($"{_data.Path} is {_data.State}: it can't be started");
        if (RefuseNames(synchronousStandbyNames) is { } refused)
            return refused;
        _data.ProveClone();
        var started = await StartAsync("start primary", () =>
        {
            _configuration.SetSynchronousStandbyNames(synchronousStandbyNames);
            _data.RemoveSignals();
        }, floors: null, stop);
        if (started.Ok)
            _beginning.StartedInPlace(Postmaster);
        else if (Postmaster is null)
            _data.EnsureStandbySignal();
        return started;
    }

    ValueTask<StepResult> StartAsync(
        string step, Action prepare, ImmutableSortedDictionary<string, int>? floors, CancellationToken stop) =>
        MakeAsync(step, () => _postmaster.StartAsync(() =>
        {
            prepare();
            _configuration.Write();
            var extra = new List<string>();
            foreach (var (name, value) in ServerParameters.Fixed(_settings))
                extra.AddRange("-c", $"{name}={value}");
            foreach (var (name, value) in ServerParameters.Raised(_configuration.Written(), floors))
                extra.AddRange("-c", $"{name}={value}");
            return extra;
        }, stop));

    public async ValueTask<StepResult> PromoteAsync(string synchronousStandbyNames, CancellationToken stop)
    {
        if (WriteNames(synchronousStandbyNames) is { Ok: false } refused)
            return refused;
        _data.ProveClone();
        return await _sql.StepWhenAsync(
            "promote", InstanceLimits.Promote, Showing(ServerParameters.SynchronousStandbyNames),
            synchronousStandbyNames, PromoteAsync, stop);
    }

    async Task<StepResult> PromoteAsync(SqlSession session, CancellationToken bounded)
    {
        // Commits wait for standbys only once the checkpointer has read the names (syncrep.c,
        // SyncRepUpdateSyncStandbysDefined); while it syncs files it reads nothing.
        await Sql.UntilAsync(session, LookQuery.CheckpointerListens, "t", bounded);
        if (await session.ScalarAsync("SELECT pg_is_in_recovery()", bounded) == "f")
            return StepResult.Done;
        await _beginning.RememberAsync(session, Postmaster, InstanceLimits.Replay, bounded);
        if (await session.ScalarAsync("SELECT pg_promote(wait => false)", bounded) != "t")
            return StepResult.Failed("promote: PostgreSQL did not take the signal");
        await Sql.UntilAsync(session, "SELECT pg_is_in_recovery()", "f", bounded);
        return StepResult.Done;
    }

    public async ValueTask<StepResult> FollowAsync(ServerAddress? source, CancellationToken stop)
    {
        if (Postmaster is null)
            return StepResult.Failed("follow: PostgreSQL does not run");
        _configuration.SetSource(source);
        WriteAndReload();
        // Whoever follows nobody answers for its position: the receiver flushes when it ends.
        return source is null
            ? await _sql.UntilAsync("follow nobody", InstanceLimits.Reload, FollowsNobody, "t", stop)
            : await InForceAsync(
                "follow", ServerParameters.PrimaryConninfo, _configuration.PrimaryConninfo, stop);
    }

    public async ValueTask<StepResult> SetSynchronousStandbysAsync(string names, CancellationToken stop) =>
        WriteNames(names) is { Ok: false } refused
            ? refused
            : await InForceAsync("synchronous standbys", ServerParameters.SynchronousStandbyNames, names, stop);

    public ValueTask<StepResult> TerminateWalSenderAsync(int pid, CancellationToken stop)
    {
        var number = pid.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return _sql.StepAsync($"end of walsender {number}", InstanceLimits.Sql, async (session, bounded) =>
        {
            await session.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE pid = $1::int4", [number], bounded);
            var left = $"SELECT count(*)::int4 FROM pg_stat_replication WHERE pid = {number}";
            await Sql.UntilAsync(session, left, "0", bounded);
            return StepResult.Done;
        }, stop);
    }

    public ValueTask<StepResult> SetMemberSlotsAsync(IReadOnlyCollection<string> slots, CancellationToken stop) =>
        _sql.StepAsync(
            "slots", InstanceLimits.Sql, (session, bounded) => _slots.SetAsync(session, slots, bounded), stop);

    public ValueTask<StepResult> CheckpointAsync(CancellationToken stop) => _departure.CheckpointAsync(stop);

    public ValueTask<StepResult> FreshSegmentAsync(CancellationToken stop) => _departure.FreshSegmentAsync(stop);

    public ValueTask<StepResult> QuietAsync(TimeSpan apart, TimeSpan limit, CancellationToken stop) =>
        _departure.QuietAsync(apart, limit, stop);

    public ValueTask<StepResult> StopAsync(TimeSpan limit, CancellationToken stop) =>
        MakeAsync("stop", async () =>
        {
            var stopped = await _postmaster.StopAsync(limit, stop);
            if (stopped.Ok)
                _data.EnsureStandbySignal();
            return stopped;
        });

    public void Kill() => _postmaster.Kill();

    public ValueTask<StepResult> ApplyAsync(DynamicSettings settings, CancellationToken stop) =>
        GuardAsync("apply", async () =>
        {
            if (_data.State != DataState.Usable)
            {
                _configuration.SetCluster(settings);
                return StepResult.Done;
            }
            var possible = await _check.ParametersAsync(settings, stop);
            if (!possible.Ok)
                return possible;
            var former = _configuration.Access;
            _configuration.SetCluster(settings);
            if (!WriteAndReload() || Postmaster is null
                || string.Equals(former, _configuration.Access, StringComparison.Ordinal)
                || await _check.WrongAccessAsync(stop) is not { } wrong)
            {
                return StepResult.Done;
            }
            _configuration.KeepAccess(former);
            WriteAndReload();
            return StepResult.Failed($"pg_hba refused, the former stays: {wrong}");
        });

    public ValueTask<StepResult> CreateRolesAndDatabasesAsync(CancellationToken stop) =>
        _sql.StepAloneAsync("roles and databases", InstanceLimits.Roles,
            new RolesAndDatabases(_settings).CreateAsync, stop);

    public ValueTask<IReadOnlyList<(int Timeline, ulong Position, string Reason)>> HistoryAsync(CancellationToken stop)
    {
        var newest = new HistoryFiles(_data).Newest();
        return ValueTask.FromResult<IReadOnlyList<(int, ulong, string)>>(
            newest is null
                ? []
                : [.. newest.Switches.Select(point => (point.Timeline, point.End.Value, point.Reason))]);
    }

    public ValueTask<StartFacts?> StartFactsAsync(CancellationToken stop) =>
        Postmaster is { } server ? _beginning.LookAsync(server, stop) : ValueTask.FromResult<StartFacts?>(null);

    public ValueTask<StepResult> BarrierAsync(TimeSpan limit, CancellationToken stop) =>
        _barrier.PassAsync(limit, stop);

    public async ValueTask DisposeAsync()
    {
        await _look.DisposeAsync();
        await _sql.DisposeAsync();
    }

    bool WriteAndReload()
    {
        var changed = _configuration.Write();
        if (changed)
            _postmaster.Reload();
        return changed;
    }

    ValueTask<StepResult> InForceAsync(string step, string parameter, string value, CancellationToken stop) =>
        _sql.UntilAsync(step, InstanceLimits.Reload, Showing(parameter), value, stop);

    const string FollowsNobody =
        "SELECT current_setting('primary_conninfo') = '' AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)";

    static string Showing(string parameter) => $"SELECT current_setting('{parameter}')";

    StepResult WriteNames(string names)
    {
        if (RefuseNames(names) is { } refused)
            return refused;
        if (Postmaster is null)
            return StepResult.Failed("synchronous standbys: PostgreSQL does not run");
        _configuration.SetSynchronousStandbyNames(names);
        WriteAndReload();
        return StepResult.Done;
    }

    /// <summary>'*' would let any client that calls itself a standby acknowledge commits.</summary>
    static StepResult? RefuseNames(string names) =>
        names.Contains('*', StringComparison.Ordinal)
            ? StepResult.Failed($"synchronous_standby_names '{names}' is refused: name the standbys instead of '*'")
            : null;

    /// <summary>A step that changes the server, with its time and outcome in the log.</summary>
    async ValueTask<StepResult> MakeAsync(string step, Func<ValueTask<StepResult>> make)
    {
        var started = BootClock.Now;
        var result = await GuardAsync(step, make);
        _log.Stepped(step, (long)(BootClock.Now - started).TotalMilliseconds, result.Ok ? "done" : result.Why);
        return result;
    }

    /// <summary>What breaks becomes the step's reason.</summary>
    static async ValueTask<StepResult> GuardAsync(string step, Func<ValueTask<StepResult>> make)
    {
        try
        {
            return await make();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or TimeoutException
            or System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return StepResult.Failed($"{step}: {failure.Message}");
        }
    }
}
