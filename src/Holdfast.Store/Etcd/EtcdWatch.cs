using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Holdfast.Foundation.Processes;

namespace Holdfast.Store.Etcd;

/// <summary>
/// One watch over several prefixes, on one connection: the gateway reads several create requests from one body. A probe
/// asks the same member from time to time what there is, so that a frozen or straying member is noticed.
/// </summary>
sealed class EtcdWatch : IDisposable
{
    readonly EtcdGateway _gateway;
    readonly EtcdClientSettings _settings;
    readonly EtcdStream _stream;
    readonly WatchProgress _progress;
    readonly byte[] _probeBody;
    readonly JsonLines _lines;
    WatchProbe? _uncovered;
    TimeSpan _confirmedAt;

    EtcdWatch(
        EtcdGateway gateway, EtcdClientSettings settings, EtcdStream stream, WatchProgress progress, byte[] probeBody)
    {
        (_gateway, _settings, _stream, _progress, _probeBody) = (gateway, settings, stream, progress, probeBody);
        _lines = new JsonLines(stream.Body, settings.AnswerBytesMax);
        _confirmedAt = BootClock.Now;
    }

    public static async IAsyncEnumerable<WatchBatch> RunAsync(
        EtcdGateway gateway, EtcdClientSettings settings, ImmutableArray<string> prefixes, long fromRevision,
        [EnumeratorCancellation] CancellationToken stop)
    {
        // Both tasks end with the watch, whoever ends it.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var watch = await OpenAsync(gateway, settings, prefixes, fromRevision, ending.Token);
        var line = watch._lines.ReadAsync(ending.Token).AsTask();
        var probe = watch.ProbeAsync(ending.Token);
        try
        {
            while (true)
            {
                var isLine = await Task.WhenAny(line, probe) == line;
                var batch = isLine ? watch.Take(await line) : watch.Take(await probe);
                if (isLine)
                    line = watch._lines.ReadAsync(ending.Token).AsTask();
                else
                    probe = watch.ProbeAsync(ending.Token);
                if (batch is not null)
                    yield return batch;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)Task.WhenAll(line, probe)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static async ValueTask<EtcdWatch> OpenAsync(
        EtcdGateway gateway, EtcdClientSettings settings, ImmutableArray<string> prefixes, long fromRevision,
        CancellationToken stop)
    {
        var stream = await gateway.OpenAsync("/v3/watch", WatchRequests.Create(prefixes, fromRevision), stop);
        try
        {
            var after = fromRevision - 1;
            var counts = Enumerable.Repeat(0L, prefixes.Length); // What there is before the first revision.
            if (after > 0)
            {
                var body = WatchRequests.Count(prefixes, after);
                var reply = await gateway.AskAtAsync(stream.Endpoint, "/v3/kv/txn", body, settings.TryLimit, stop);
                if (reply.Code == Reply.OutOfRange && reply.Why.Contains("compacted", StringComparison.Ordinal))
                    throw new CompactedException(fromRevision);
                var answer = reply.Read(EtcdJson.Default.TxnAnswer)
                    ?? throw new StoreUnavailableException($"the watch can't begin: {reply.Why}");
                counts = (answer.Responses ?? []).Select(response => response.ResponseRange?.Count ?? 0);
            }
            var progress = new WatchProgress(prefixes, after, counts);
            return new EtcdWatch(gateway, settings, stream, progress, WatchRequests.Probe(prefixes));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The batch to hand on; null for a line that only says that the watch began.</summary>
    WatchBatch? Take(WatchLine? line)
    {
        if (line is null)
            throw new StoreUnavailableException($"{_stream.Endpoint} ended the watch");
        if (line.Error is { } error)
            throw new StoreUnavailableException($"{_stream.Endpoint} ended the watch: {error.Message}");
        var answer = line.Result ?? new WatchAnswer();
        if (answer.CompactRevision > 0)
            throw new CompactedException(answer.CompactRevision);
        if (answer.Canceled)
            throw new StoreUnavailableException($"{_stream.Endpoint} cancelled the watch: {answer.CancelReason}");
        if (answer.Events is not { Length: > 0 } events)
            return null;
        var changes = ImmutableArray.CreateBuilder<Change>(events.Length);
        foreach (var @event in events)
        {
            var pair = KeyRange.Read(@event.Kv ?? new KeyValueAnswer());
            var isDelete = string.Equals(@event.Type, EventAnswer.Delete, StringComparison.Ordinal);
            var change = new Change(pair.Key, isDelete ? null : pair, pair.ModRevision);
            _progress.Deliver(change);
            changes.Add(change);
        }
        return new WatchBatch(HeaderAnswer.Of(answer.Header), changes.MoveToImmutable(), Confirm(_uncovered));
    }

    /// <summary>A sign of life, if the probe found nothing that we don't know; else it waits for the watch to
    /// tell it.</summary>
    WatchBatch? Take(WatchProbe? probe)
    {
        if (Confirm(probe) is { } confirmedAt)
            return new WatchBatch(probe!.Header, [], confirmedAt);
        _uncovered = probe ?? _uncovered;
        if (BootClock.Now - _confirmedAt <= _settings.SilenceLimit)
            return null;
        _gateway.TurnAwayFrom(_stream.Member, "its watch is silent");
        throw new StoreUnavailableException(
            $"{_stream.Endpoint} confirmed nothing for {_settings.SilenceLimit.TotalSeconds} s");
    }

    TimeSpan? Confirm(WatchProbe? probe)
    {
        if (probe is null || !_progress.Covers(probe))
            return null;
        _uncovered = null;
        _confirmedAt = probe.SentAt;
        return probe.SentAt;
    }

    /// <summary>Null when the member answered that it can't tell now (an election, say).</summary>
    async Task<WatchProbe?> ProbeAsync(CancellationToken stop)
    {
        await Task.Delay(_settings.ProbeEvery, stop);
        var sentAt = BootClock.Now;
        var reply = await _gateway.AskAtAsync(_stream.Endpoint, "/v3/kv/txn", _probeBody, _settings.ProbeLimit, stop);
        if (reply.Kind is ReplyKind.Lost or ReplyKind.NotSent)
        {
            _gateway.TurnAwayFrom(_stream.Member, reply.Why);
            throw new StoreUnavailableException(reply.Why);
        }
        if (_gateway.IsHome && _stream.Member != EtcdGateway.Home)
            throw new StoreUnavailableException("this host's own member is back: the watch goes home");
        if (reply.Read(EtcdJson.Default.TxnAnswer) is not { Header: not null, Responses: { } responses } answer)
            return null;
        var found = responses.Select(response => new PrefixState(
            response.ResponseRange?.Count ?? 0,
            response.ResponseRange?.Kvs is [var newest, ..] ? newest.ModRevision : 0));
        return new WatchProbe(HeaderAnswer.Of(answer.Header), [.. found], sentAt);
    }

    public void Dispose() => _stream.Dispose();
}
