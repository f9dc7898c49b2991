using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Servers;

/// <summary>The PostgreSQL of a host as one life of its agent uses it. Steps wait on the agent's strand; what they
/// began in the server goes on without the agent.</summary>
internal sealed partial class SimPostgres : IPostgres
{
    static readonly TimeSpan s_lookLimit = TimeSpan.FromSeconds(1), s_poll = TimeSpan.FromMilliseconds(10),
        s_sqlLimit = TimeSpan.FromSeconds(10), s_reloadLimit = TimeSpan.FromSeconds(5),
        s_promoteLimit = TimeSpan.FromSeconds(60);

    readonly PgNode _node;
    readonly Strand _strand;
    readonly SimWorld _world;
    readonly Strand _side;

    /// <param name="node">Of the host.</param>
    /// <param name="strand">The loop's.</param>
    /// <param name="side">Where the end of a postmaster is noticed.</param>
    public SimPostgres(PgNode node, Strand strand, Strand side)
    {
        (_node, _strand, _side, _world) = (node, strand, side, node.World);
        node.Ended += NodeEnded;
        if (node.Server is null)
            node.EnsureStandbySignal();
    }

    public event Action? Ended;

    PgData Data => _node.Data;
    PgServer? Server => _node.Server;

    public ProcessIdentity? Postmaster =>
        Server is { } server ? new ProcessIdentity(server.Pid, (ulong)server.StartedAt.Ticks) : null;

    public void Detach() => _node.Ended -= NodeEnded;

    // What a dead postmaster left is ended first.
    void NodeEnded() => _side.After(_world.Rng.Between(1, 15), () =>
    {
        if (_node.Server is null)
        {
            if (!_world.Has(Mutation.FencePostmasterOnly))
                _node.Sweep();
            _node.EnsureStandbySignal();
        }
        Ended?.Invoke();
    });

    async Task WaitAsync(TimeSpan time, CancellationToken stop) => await Task.Delay(time, _strand.Clock, stop);

    async Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit, CancellationToken stop)
    {
        var end = _strand.Now + limit;
        while (!condition())
        {
            if (_strand.Now > end)
                return false;
            await WaitAsync(s_poll, stop);
        }
        return true;
    }

    bool Answers(PgServer server) =>
        server.IsRunning && !server.IsFrozen && server.State is PostgresState.Replica or PostgresState.Primary;

    public async ValueTask<PostgresView> LookAsync(CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Mostly(0.5, 2, 0.01, 60), stop);
        if (Server is not { } server)
            return FromFiles(PostgresState.Stopped);
        if (server.IsFrozen)
            await UntilAsync(() => !server.IsFrozen, s_lookLimit, stop);
        return Answers(server) && !server.IsStopping
            ? FromServer(server)
            : FromFiles(server.IsRunning ? PostgresState.Starting : PostgresState.Stopped);
    }

    PostgresView FromFiles(PostgresState state) => new()
    {
        State = state,
        Data = Data.State,
        SystemIdentifier = Data.SystemIdentifier,
        Timeline = Data.Wal.Timeline,
        PrimaryConninfo = Conninfo(Data.Source),
        ShutdownAt = state == PostgresState.Stopped && Data.WasStopped
            ? new Lsn(Data.Wal[Data.Wal.Count - 1].Start) : null,
        WasReplica = state == PostgresState.Stopped && Data.Local().Control.WasReplica,
    };

    PostgresView FromServer(PgServer server)
    {
        var isPrimary = server.State == PostgresState.Primary;
        return new PostgresView
        {
            State = server.State,
            Data = Data.State,
            SystemIdentifier = Data.SystemIdentifier,
            Timeline = Data.Wal.Timeline,
            Written = isPrimary ? Data.Wal.End : null,
            Received = isPrimary ? null : server.Received ?? Lsn.Zero,
            Replayed = isPrimary ? null : Data.Wal.End,
            Streaming = server.IsStreaming,
            WalSilence = server.HasUpstream ? _world.Now - server.HeardAt : null,
            CommitsAreSynchronous = true,
            PostmasterStarted = server.Pid,
            PrimaryConninfo = Conninfo(server.Source),
            SynchronousStandbyNames = _world.Has(Mutation.NamesBelieved) ? Data.Names : server.Names,
            WalSenders = [.. server.Streams.Where(stream => !stream.IsTerminated).Select(View)],
            Slots = Data.Slots.ToImmutableDictionary(
                slot => slot, slot => server.Streams.Exists(stream => stream.Name.SlotName == slot),
                StringComparer.Ordinal),
        };
    }

    WalSenderView View(WalStream stream) => new()
    {
        Name = stream.Name,
        Pid = stream.Pid,
        State = stream.IsStreaming ? "streaming" : "catchup",
        SyncState = stream.IsCounted ? "quorum" : "async",
        ClientAddress = stream.Standby.Node.Host.Address,
        Flushed = stream.Flushed,
        Written = stream.Flushed,
        Replayed = stream.Flushed,
        Slot = stream.Name.SlotName,
    };

    static string Conninfo(ServerAddress? source) =>
        source is { } address ? $"host={address.Host} port={address.Port} user=replicator" : "";

    // ---- directories ----

    public async ValueTask<StepResult> InitializeAsync(CancellationToken stop)
    {
        await WaitAsync(_node.Slowly(_world.Rng.Between(300, 900)), stop);
        if (Data.State != DataState.Empty)
            return StepResult.Failed("not empty");
        var identifier = (7_000_000_000 + _world.NewPid()).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _node.Data = new PgData { SystemIdentifier = identifier, HasStandbySignal = true, WasStopped = true };
        _node.Data.Wal.Append(0, 1, 112);
        _world.Ledger.Initialized(_node, identifier);
        return StepResult.Done;
    }

    public async ValueTask<StepResult> CloneAsync(ServerAddress source, CancellationToken stop)
    {
        var answers = await CopyAsync(source, _world.Rng.Between(400, 1500), stop);
        if (answers is null)
            return StepResult.Failed("pg_basebackup failed");
        var copy = new PgData
        {
            SystemIdentifier = answers.Data.SystemIdentifier,
            Wal = answers.Data.Wal.Copy(),
            HighestTimeline = answers.Data.HighestTimeline,
            HasStandbySignal = true,
            Diverged = Data.State == DataState.Empty ? null : Data,
        };
        if (copy.Diverged is { } former)
            former.Diverged = null;
        _node.Data = copy;
        return StepResult.Done;
    }

    public async ValueTask<StepResult> RewindAsync(ServerAddress source, CancellationToken stop)
    {
        Data.IsUnfinished = true;
        var answers = await CopyAsync(source, _world.Rng.Between(200, 800), stop);
        if (answers is null)
            return StepResult.Failed("pg_rewind failed");
        // pg_rewind goes by numbers: where those are equal it sees nothing to do, and the comparison after it fails.
        if (HistoryComparison.SharedBegin(Data.Local(), SourceOf(answers)) is { } begin
            && !ReferenceEquals(Data.Wal.FirstOf(begin.Timeline), answers.Data.Wal.FirstOf(begin.Timeline)))
            return StepResult.Failed("after the rewind history is still Diverged");
        Data.Wal = answers.Data.Wal.Copy();
        Data.HighestTimeline = Math.Max(Data.HighestTimeline, answers.Data.HighestTimeline);
        (Data.CrashedAsPrimary, Data.WasStopped, Data.HasStandbySignal) = (false, false, true);
        Data.IsUnfinished = false;
        Data.Slots.Clear(); // pg_rewind leaves no slot (PostgreSQL manual, pg_rewind).
        return StepResult.Done;
    }

    /// <summary>The source after the copy; null when it went away meanwhile.</summary>
    async Task<PgServer?> CopyAsync(ServerAddress source, TimeSpan time, CancellationToken stop)
    {
        var begun = Reachable(source);
        await WaitAsync(_node.Slowly(time), stop);
        var still = Reachable(source);
        if (begun is null || !ReferenceEquals(begun, still) || _world.Rng.Chance(0.02))
            return null;
        still!.Data.Slots.Add(_node.Name.SlotName);
        return still;
    }

    PgServer? Reachable(ServerAddress source)
    {
        var host = Array.Find(_world.Hosts, host => host.Name == source.Name);
        return host?.Postgres.Server is { } server && Answers(server) && !server.IsStopping
            && _world.Net.LinkedBothWays(_node.Host.Index, host.Index, Traffic.Replication)
            ? server
            : null;
    }

    public async ValueTask<HistoryVerdict> CompareHistoryAsync(ServerAddress source, CancellationToken stop)
    {
        var server = Reachable(source);
        await WaitAsync(server is null ? _world.Rng.Between(1000, 3000) : _world.Rng.Between(30, 120), stop);
        if (Reachable(source) is not { } answers)
            return HistoryVerdict.Unknown;
        if (_world.Has(Mutation.HistoryBelieved))
            return HistoryVerdict.Same;
        var wal = answers.Data.Wal;
        var theirs = SourceOf(answers);
        var local = Data.Local();
        var passed = HistoryComparison.LeftAt(local, theirs).Any(point => Data.Wal.GoesOn(point.Timeline, point.End));
        var otherBegin = HistoryComparison.SharedBegin(local, theirs) is { } begin
            && !ReferenceEquals(Data.Wal.FirstOf(begin.Timeline), wal.FirstOf(begin.Timeline))
            && !_world.Has(Mutation.BeginNotCompared);
        var (verdict, why) = HistoryComparison.Compare(local, theirs, passed, otherBegin);
        _world.Say($"{_node.Name}: history against {source.Name}: {verdict}: {why}");
        return verdict;
    }

    static SourceHistory SourceOf(PgServer server) => new(
        server.Data.SystemIdentifier!, server.State == PostgresState.Replica, server.Data.Wal.End,
        server.Data.Wal.History());

    // ---- the server ----

    public async ValueTask<StepResult> StartReplicaAsync(ServerAddress? source, CancellationToken stop)
    {
        if (Data.State != DataState.Usable)
            return StepResult.Failed($"the directory is {Data.State}");
        return await StartAsync(asPrimary: false, () =>
        {
            Data.HasStandbySignal = true;
            (Data.Source, Data.Names) = (source, "");
        }, stop);
    }

    public async ValueTask<StepResult> StartPrimaryAsync(string synchronousStandbyNames, CancellationToken stop)
    {
        if (Data.State != DataState.Usable)
            return StepResult.Failed($"the directory is {Data.State}");
        return await StartAsync(asPrimary: true, () =>
        {
            Data.Names = _world.Has(Mutation.PromoteWithoutNames) ? "" : synchronousStandbyNames;
            Data.HasStandbySignal = false;
        }, stop);
    }

    async ValueTask<StepResult> StartAsync(bool asPrimary, Action prepare, CancellationToken stop)
    {
        if (Server is not null)
            return StepResult.Failed("a postmaster runs already");
        var kills = _node.Kills;
        await WaitAsync(_world.Rng.Between(10, 60), stop);
        prepare();
        if (_node.Kills != kills || _node.StartFailures > 0 || _world.Rng.Chance(0.01))
        {
            _node.EnsureStandbySignal();
            return StepResult.Failed("the postmaster ended at once");
        }
        var server = _node.Start(asPrimary);
        server.Strand.After(_node.Slowly(_world.Rng.Mostly(100, 350, 0.1, 2500)), server.Ready);
        return StepResult.Done;
    }

    public async ValueTask<StepResult> PromoteAsync(string synchronousStandbyNames, CancellationToken stop)
    {
        if (!_world.Has(Mutation.PromoteWithoutNames))
        {
            var set = await SetSynchronousStandbysAsync(synchronousStandbyNames, stop);
            if (!set.Ok)
                return set;
        }
        if (Server is not { } server)
            return StepResult.Failed("PostgreSQL does not run");
        server.Strand.After(_world.Rng.Between(0.5, 3), server.Promote);
        return await UntilAsync(
            () => !server.IsRunning || (Answers(server) && server.State == PostgresState.Primary), s_promoteLimit, stop)
            && server.IsRunning
            ? StepResult.Done
            : StepResult.Failed("not promoted");
    }

    public async ValueTask<StepResult> FollowAsync(ServerAddress? source, CancellationToken stop)
    {
        if (Server is not { } server)
            return StepResult.Failed("PostgreSQL does not run");
        if (source is null && _world.Has(Mutation.RefusalOnlyTold))
            return StepResult.Done;
        Data.Source = source;
        server.Strand.After(_world.Rng.Between(0.5, 3), () => server.ReadSource(source));
        await WaitAsync(_world.Rng.Between(2, 6), stop);
        return await UntilAsync(
            () => Answers(server) && server.Source == source && (source is not null || !server.HasUpstream),
            s_reloadLimit, stop)
            ? StepResult.Done
            : StepResult.Failed("the new source is not in force");
    }

    public async ValueTask<StepResult> SetSynchronousStandbysAsync(string names, CancellationToken stop)
    {
        if (Server is not { } server)
            return StepResult.Failed("PostgreSQL does not run");
        Data.Names = names;
        if (_world.Has(Mutation.NamesBelieved) && server.State == PostgresState.Primary)
            server.Strand.After(_world.Rng.Between(500, 3000), () => server.ReadNames(Data.Names));
        else
            server.Strand.After(_world.Rng.Between(0.5, 3), () => server.ReadNames(names));
        await WaitAsync(_world.Rng.Between(2, 6), stop);
        return _world.Has(Mutation.NamesBelieved)
            || await UntilAsync(() => Answers(server) && server.Names == names, s_reloadLimit, stop)
            ? StepResult.Done
            : StepResult.Failed("the names are not in force");
    }

    public async ValueTask<StepResult> TerminateWalSenderAsync(int pid, CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(2, 8), stop);
        if (Server is not { } server || !Answers(server))
            return StepResult.Failed("PostgreSQL does not answer");
        server.Streams.Find(stream => stream.Pid == pid)?.Terminate();
        return StepResult.Done;
    }

    public async ValueTask<StepResult> SetMemberSlotsAsync(IReadOnlyCollection<string> slots, CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(2, 8), stop);
        if (Server is not { } server || !Answers(server))
            return StepResult.Failed("PostgreSQL does not answer");
        Data.Slots.RemoveWhere(slot => !slots.Contains(slot, StringComparer.Ordinal));
        Data.Slots.UnionWith(slots);
        return StepResult.Done;
    }

    public async ValueTask<StepResult> StopAsync(TimeSpan limit, CancellationToken stop)
    {
        if (Server is not { } server)
            return StepResult.Done;
        if (server.State == PostgresState.Primary && _node.Host.Supervisor?.Agent?.Published.Job?.Name == "hand over")
            _world.Ledger.HandsOver(_node.Name);
        server.Strand.After(_world.Rng.Between(1, 5), server.BeginStop);
        await WaitAsync(_node.Slowly(_world.Rng.Between(30, 100)), stop);
        var isReady = await UntilAsync(() => !server.IsFrozen && server.IsStopping && server.IsReadyToEnd, limit, stop);
        if (!ReferenceEquals(Server, server))
            return StepResult.Done;
        if (isReady)
            _node.Stopped();
        else
            _node.KillAll("the fast stop took too long");
        return StepResult.Done;
    }

    public void Kill()
    {
        if (!_world.Has(Mutation.AgentNeverFences))
            _node.KillAll("by the agent");
    }

    public ValueTask<StepResult> ApplyAsync(DynamicSettings settings, CancellationToken stop) =>
        ValueTask.FromResult(StepResult.Done);

    public async ValueTask<StepResult> CreateRolesAndDatabasesAsync(CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(10, 50), stop);
        return Server is { } server && Answers(server) && server.State == PostgresState.Primary
            ? StepResult.Done
            : StepResult.Failed("PostgreSQL does not answer");
    }

    public ValueTask<IReadOnlyList<(int Timeline, ulong Position, string Reason)>> HistoryAsync(
        CancellationToken stop) =>
        ValueTask.FromResult<IReadOnlyList<(int, ulong, string)>>(
            [.. Data.Wal.History().Switches.Select(point => (point.Timeline, point.End.Value, point.Reason))]);
}
