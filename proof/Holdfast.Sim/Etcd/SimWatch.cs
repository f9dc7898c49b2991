using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;
using Holdfast.Store;
using Holdfast.Store.Etcd;

namespace Holdfast.Sim.Etcd;

/// <summary>A member's end of a watch: changes go out in order, and wait while the way to the client is cut.</summary>
internal sealed class EtcdWatcher(EtcdLine line, int member, ImmutableArray<string> prefixes, long fromRevision)
{
    readonly Queue<WatchBatch> _inbox = new();
    TaskCompletionSource? _arrival;
    long _next = fromRevision;
    TimeSpan _lastAt;
    bool _isOver;

    public int Member => member;
    public bool IsBroken { get; private set; }

    public void Pump(long applied)
    {
        var world = line.World;
        if (_isOver || _next > applied || world.Etcd.IsPaused(member)
            || !world.Net.Linked(member, line.Host, Traffic.Etcd))
            return;
        var history = world.Etcd.Data.History;
        var at = history.Count;
        while (at > 0 && history[at - 1].Revision >= _next)
            at--;
        var header = world.Etcd.Header(world.Etcd.Members[member]);
        while (at < history.Count && history[at].Revision <= applied)
        {
            var revision = history[at].Revision;
            var changes = ImmutableArray.CreateBuilder<Change>();
            for (; at < history.Count && history[at].Revision == revision; at++)
            {
                if (prefixes.Any(prefix => history[at].Key.StartsWith(prefix, StringComparison.Ordinal)))
                    changes.Add(history[at] with
                    {
                        Now = history[at].Now is { } now ? world.Etcd.Read(now) : null,
                    });
            }
            if (changes.Count > 0)
                Send(new WatchBatch(header, changes.ToImmutable()));
        }
        _next = applied + 1;
    }

    void Send(WatchBatch batch)
    {
        var world = line.World;
        var at = world.Now + world.Net.Latency(member, line.Host) + world.Rng.Mostly(0, 0.3, 0.02, 40);
        _lastAt = at > _lastAt ? at : _lastAt;
        world.Queue.Add(line.Strand, _lastAt, _ => Deliver(batch), null);
    }

    void Deliver(WatchBatch batch)
    {
        _inbox.Enqueue(batch);
        _arrival?.TrySetResult();
    }

    /// <summary>The member's end has gone; the client hears of it if it can be reached.</summary>
    public void Break()
    {
        _isOver = true;
        if (line.World.Net.Linked(member, line.Host, Traffic.Etcd))
            line.Strand.After(line.World.Net.Latency(member, line.Host), () =>
            {
                IsBroken = true;
                _arrival?.TrySetResult();
            });
    }

    public void Close()
    {
        _isOver = true;
        line.World.Etcd.Members[member].Watchers.Remove(this);
    }

    public bool TryTake(out WatchBatch batch) => _inbox.TryDequeue(out batch!);

    /// <summary>Ends when something arrived.</summary>
    public Task ArrivalAsync()
    {
        _arrival = new TaskCompletionSource();
        if (_inbox.Count > 0 || IsBroken)
            _arrival.TrySetResult();
        return _arrival.Task;
    }
}

/// <summary>The client's end, as <c>EtcdWatch</c>: what arrives, and a probe from time to time, judged by the real
/// <see cref="WatchProgress"/>.</summary>
internal sealed class SimWatch
{
    static readonly EtcdClientSettings s_limits = new();

    readonly EtcdLine _line;
    readonly EtcdWatcher _watcher;
    readonly WatchProgress _progress;
    readonly ImmutableArray<string> _prefixes;
    readonly int _place;
    WatchProbe? _uncovered;
    TimeSpan _confirmedAt;

    SimWatch(EtcdLine line, int place, EtcdWatcher watcher, WatchProgress progress, ImmutableArray<string> prefixes)
    {
        (_line, _place, _watcher, _progress, _prefixes) = (line, place, watcher, progress, prefixes);
        _confirmedAt = line.Strand.Now;
    }

    public static async IAsyncEnumerable<WatchBatch> RunAsync(
        EtcdLine line, ImmutableArray<string> prefixes, long fromRevision,
        [EnumeratorCancellation] CancellationToken stop)
    {
        var watch = await OpenAsync(line, prefixes, fromRevision);
        try
        {
            var probe = watch.ProbeAsync();
            while (true)
            {
                while (watch._watcher.TryTake(out var batch))
                    yield return watch.Take(batch);
                if (watch._watcher.IsBroken)
                    throw new StoreUnavailableException("the member ended the watch");
                if (await Task.WhenAny(watch._watcher.ArrivalAsync(), probe) != probe)
                    continue;
                if (watch.Take(await probe) is { } alive)
                    yield return alive;
                probe = watch.ProbeAsync();
            }
        }
        finally
        {
            watch._watcher.Close();
        }
    }

    static async ValueTask<SimWatch> OpenAsync(EtcdLine line, ImmutableArray<string> prefixes, long fromRevision)
    {
        var first = line.Preferred;
        for (var tried = 0; tried < line.Count; tried++)
        {
            var place = (first + tried) % line.Count;
            var opened = await line.AskAtAsync<(EtcdWatcher, long[])>(
                line.MemberAt(place), s_limits.TryLimit, (member, reply) =>
                    line.World.Etcd.ReadIndex(
                        member, () => line.World.Etcd.Watch(line, member, prefixes, fromRevision), reply));
            if (opened is { Kind: AnswerKind.Answered, Value: ({ } watcher, var counts) })
            {
                line.Settle(place);
                return new SimWatch(
                    line, place, watcher, new WatchProgress(prefixes, fromRevision - 1, counts), prefixes);
            }
            line.TurnAwayFrom(place);
        }
        throw new StoreUnavailableException("no member began a watch");
    }

    WatchBatch Take(WatchBatch batch)
    {
        foreach (var change in batch.Changes)
            _progress.Deliver(change);
        return batch with { ConfirmedAt = Confirm(_uncovered) };
    }

    WatchBatch? Take(WatchProbe? probe)
    {
        if (Confirm(probe) is { } confirmedAt)
            return new WatchBatch(probe!.Header, [], confirmedAt);
        _uncovered = probe ?? _uncovered;
        if (_line.Strand.Now - _confirmedAt <= s_limits.SilenceLimit)
            return null;
        _line.TurnAwayFrom(_place);
        throw new StoreUnavailableException("the watch is silent");
    }

    TimeSpan? Confirm(WatchProbe? probe)
    {
        if (probe is null || !_progress.Covers(probe))
            return null;
        (_uncovered, _confirmedAt) = (null, probe.SentAt);
        return probe.SentAt;
    }

    async Task<WatchProbe?> ProbeAsync()
    {
        await Task.Delay(s_limits.ProbeEvery, _line.Strand.Clock, CancellationToken.None);
        var sentAt = _line.Strand.Now;
        var answer = await _line.AskAtAsync<WatchProbe>(_watcher.Member, s_limits.ProbeLimit, (member, reply) =>
            _line.World.Etcd.ReadIndex(member, () => _line.World.Etcd.Probe(member, _prefixes, sentAt), reply));
        if (answer.Kind is not (AnswerKind.Lost or AnswerKind.NotSent))
            return answer.Value;
        _line.TurnAwayFrom(_place);
        throw new StoreUnavailableException("the probe was not answered");
    }
}
