using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Holdfast.Store.Etcd;

/// <summary>
/// etcd 3.4 and newer over its JSON gateway. Stays with the member that answered last and goes on to the next when it
/// fails. Safe from any thread; dispose of it once, after its watches have ended.
/// </summary>
/// <param name="endpoints">host:port of the members' client addresses; the first is asked first.</param>
/// <param name="settings">Time limits.</param>
/// <param name="log">Told when a member is left for another.</param>
public sealed partial class EtcdStore(ImmutableArray<string> endpoints, EtcdClientSettings settings, ILogger log)
    : IStore, IEtcdMaintenance, IDisposable
{
    const string Txn = "/v3/kv/txn", Grant = "/v3/lease/grant", KeepAlive = "/v3/lease/keepalive",
        TimeToLive = "/v3/lease/timetolive", Revoke = "/v3/lease/revoke";

    readonly EtcdGateway _gateway = new(endpoints, settings, log);

    public async ValueTask<Snapshot> ReadAsync(ImmutableArray<string> prefixes, CancellationToken stop)
    {
        // A transaction of reads alone is linearizable and does not go through the log; all its reads are at one
        // revision.
        var ranges = new OperationRequest[prefixes.Length];
        for (var i = 0; i < ranges.Length; i++)
        {
            var range = new RangeRequest { Key = KeyRange.Bytes(prefixes[i]), RangeEnd = KeyRange.EndOf(prefixes[i]) };
            ranges[i] = new OperationRequest { RequestRange = range };
        }
        var body = Body(new TxnRequest([], ranges), EtcdJson.Default.TxnRequest);
        var answer = await ReadAsync(Txn, body, EtcdJson.Default.TxnAnswer, stop);
        var pairs = ImmutableArray.CreateBuilder<KeyValue>();
        foreach (var response in answer.Responses ?? [])
        {
            foreach (var pair in response.ResponseRange?.Kvs ?? [])
                pairs.Add(KeyRange.Read(pair));
        }
        return new Snapshot(HeaderAnswer.Of(answer.Header), pairs.DrainToImmutable());
    }

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken stop)
    {
        var body = Body(TxnRequests.Of(transaction), EtcdJson.Default.TxnRequest);
        var reply = await _gateway.AskAsync(Txn, body, repeatable: false, stop);
        if (reply.Kind != ReplyKind.Answered)
            return new CommitResult(reply.Outcome, default, reply.Why);
        var answer = reply.Read(EtcdJson.Default.TxnAnswer);
        if (answer?.Header is null)
            return new CommitResult(WriteOutcome.Unknown, default, "the answer can't be read");
        var header = HeaderAnswer.Of(answer.Header);
        return answer.Succeeded
            ? new CommitResult(WriteOutcome.Written, header, "")
            : new CommitResult(WriteOutcome.Refused, header, "a comparison failed");
    }

    public async ValueTask<LeaseGrant> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop)
    {
        var seconds = LeaseSeconds.Of(ttl);
        var body = Body(new LeaseRequest { Ttl = seconds }, EtcdJson.Default.LeaseRequest);
        // Repeatable: a lease that nobody knows of ends by itself.
        var reply = await _gateway.AskAsync(Grant, body, repeatable: true, stop);
        if (reply.Kind != ReplyKind.Answered)
            return new LeaseGrant(reply.Outcome, 0, default, reply.Why);
        return reply.Read(EtcdJson.Default.LeaseAnswer) switch
        {
            { Error: { Length: > 0 } error } => new LeaseGrant(WriteOutcome.Refused, 0, default, error),
            { Id: not 0, Ttl: > 0 } lease => new(WriteOutcome.Written, lease.Id, TimeSpan.FromSeconds(lease.Ttl), ""),
            _ => new LeaseGrant(WriteOutcome.Unknown, 0, default, "the answer can't be read"),
        };
    }

    public async ValueTask<TimeSpan?> TimeToLiveAsync(long lease, CancellationToken stop)
    {
        var body = Body(new LeaseRequest { Id = lease }, EtcdJson.Default.LeaseRequest);
        var reply = await _gateway.AskAsync(TimeToLive, body, repeatable: true, stop);
        if (reply is { Kind: ReplyKind.Rejected, Code: Reply.NotFound })
            return null;
        // Whole seconds, rounded down: in its last second a lease has none left, and lives. -1: it is gone.
        var answer = Read(reply, EtcdJson.Default.LeaseAnswer);
        return answer.Ttl < 0 ? null : TimeSpan.FromSeconds(answer.Ttl);
    }

    public async ValueTask<TimeSpan?> KeepAliveAsync(long lease, CancellationToken stop)
    {
        var body = Body(new LeaseRequest { Id = lease }, EtcdJson.Default.LeaseRequest);
        var line = await ReadAsync(KeepAlive, body, EtcdJson.Default.KeepAliveLine, stop);
        return line.Result is { } answer
            ? answer.Ttl > 0 ? TimeSpan.FromSeconds(answer.Ttl) : null // A lease that is gone has no TTL here.
            : throw new StoreUnavailableException($"the keep-alive failed: {line.Error?.Message}");
    }

    public async ValueTask<WriteOutcome> RevokeLeaseAsync(long lease, CancellationToken stop)
    {
        var body = Body(new LeaseRequest { Id = lease }, EtcdJson.Default.LeaseRequest);
        return Outcome(await _gateway.AskAsync(Revoke, body, repeatable: false, stop));
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(
        ImmutableArray<string> prefixes, long fromRevision, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromRevision, 1);
        return EtcdWatch.RunAsync(_gateway, settings, prefixes, fromRevision, stop);
    }

    public void Dispose() => _gateway.Dispose();

    static WriteOutcome Outcome(Reply reply) =>
        reply.Kind == ReplyKind.Answered ? WriteOutcome.Written : reply.Outcome;

    async ValueTask<T> ReadAsync<T>(string path, byte[] body, JsonTypeInfo<T> type, CancellationToken stop)
        where T : class =>
        Read(await _gateway.AskAsync(path, body, repeatable: true, stop), type);

    static T Read<T>(Reply reply, JsonTypeInfo<T> type)
        where T : class =>
        reply.Kind != ReplyKind.Answered
            ? throw new StoreUnavailableException(reply.Why)
            : reply.Read(type) ?? throw new StoreUnavailableException("etcd's answer can't be read");

    static byte[] Body<T>(T request, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(request, type);
}
