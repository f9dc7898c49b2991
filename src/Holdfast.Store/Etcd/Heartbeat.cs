using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Holdfast.Foundation.Processes;

namespace Holdfast.Store.Etcd;

/// <summary>
/// The lease owner's own line to etcd. Addresses are best given as numbers: a name is looked up, without a limit of
/// ours, when its member is first asked.
/// </summary>
/// <param name="endpoints">host:port of the members' client addresses; the first, which is this host's own, is asked
/// first.</param>
public sealed class Heartbeat(ImmutableArray<string> endpoints) : IHeartbeat
{
    const string KeepAlive = "/v3/lease/keepalive", Grant = "/v3/lease/grant", Txn = "/v3/kv/txn";
    const int Ok = 200, Home = 0;

    /// <summary>How long after the first member was left a new lease begins there again.</summary>
    static readonly TimeSpan HomeAfter = TimeSpan.FromSeconds(5);

    readonly ImmutableArray<BlockingHttp> _members = [.. endpoints.Select(endpoint => new BlockingHttp(endpoint))];
    int _current;
    TimeSpan? _leftHomeAt;
    long _lease;

    public RenewalAnswer Renew(string leaderKey, long modRevision, long lease, TimeSpan limit)
    {
        GoHome(lease);
        var member = _members[_current];
        var until = BootClock.Now + limit;
        var sentAt = TimeSpan.Zero;
        try
        {
            member.Open(until);
            sentAt = BootClock.Now;
            var alive = Ask(member, KeepAlive, new LeaseRequest { Id = lease }, EtcdJson.Default.LeaseRequest,
                EtcdJson.Default.KeepAliveLine, until);
            // An error inside the stream proves nothing; an answer without TTL is etcd's word for a lease that is gone.
            var answer = alive.Result
                ?? throw new NoAnswerException($"keep-alive: {alive.Error?.Message ?? "no result"}");
            var raftTerm = HeaderAnswer.Of(answer.Header).RaftTerm;
            if (answer.Ttl <= 0)
                return Lost(sentAt, raftTerm, "the lease is gone");
            var owns = Ask(member, Txn, TxnRequests.Owns(leaderKey, modRevision, lease), EtcdJson.Default.TxnRequest,
                EtcdJson.Default.TxnAnswer, until);
            CheckHeader(owns.Header);
            if (!owns.Succeeded)
                return Lost(sentAt, raftTerm, "the key is no longer ours");
            if (owns.Header!.RaftTerm != raftTerm)
                throw new NoAnswerException($"raft_term went from {raftTerm} to {owns.Header.RaftTerm} meanwhile");
            return new(RenewalOutcome.Confirmed, sentAt, TimeSpan.FromSeconds(answer.Ttl), raftTerm, "");
        }
        catch (NoAnswerException e)
        {
            TurnAway();
            return new(RenewalOutcome.Unknown, sentAt, default, 0, e.Message);
        }
    }

    public ReplaceAnswer Replace(string leaderKey, string value, long modRevision, TimeSpan ttl, TimeSpan limit)
    {
        var seconds = LeaseSeconds.Of(ttl);
        var member = _members[_current];
        var until = BootClock.Now + limit;
        var (sentAt, lease) = (TimeSpan.Zero, 0L);
        try
        {
            member.Open(until);
            sentAt = BootClock.Now;
            var grant = Ask(member, Grant, new LeaseRequest { Ttl = seconds }, EtcdJson.Default.LeaseRequest,
                EtcdJson.Default.LeaseAnswer, until);
            lease = grant.Id;
            if (lease == 0 || grant.Ttl <= 0)
                throw new NoAnswerException($"grant: {grant.Error ?? "no lease in the answer"}");
            var put = new Transaction(
                [new Compare.ModRevision(leaderKey, modRevision)], [new Operation.Put(leaderKey, value, lease)]);
            var moved = Ask(member, Txn, TxnRequests.Of(put), EtcdJson.Default.TxnRequest,
                EtcdJson.Default.TxnAnswer, until);
            CheckHeader(moved.Header);
            var header = HeaderAnswer.Of(moved.Header);
            var granted = TimeSpan.FromSeconds(grant.Ttl);
            return moved.Succeeded
                ? new(RenewalOutcome.Confirmed, sentAt, granted, lease, header.Revision, header.RaftTerm, "")
                : new(RenewalOutcome.Lost, sentAt, default, lease, 0, header.RaftTerm, "the key is no longer ours");
        }
        catch (NoAnswerException e)
        {
            TurnAway();
            return new(RenewalOutcome.Unknown, sentAt, default, lease, 0, 0, e.Message);
        }
    }

    public void Dispose()
    {
        foreach (var member in _members)
            member.Dispose();
    }

    // Fenced all the same; but the next lease begins at another member, since this one may only be stale.
    RenewalAnswer Lost(TimeSpan sentAt, long raftTerm, string why)
    {
        TurnAway();
        return new(RenewalOutcome.Lost, sentAt, default, raftTerm, why);
    }

    // A reign that begins at another host's member falls with that host. During a reign no round is risked for that.
    void GoHome(long lease)
    {
        if (lease != _lease && !(BootClock.Now - _leftHomeAt < HomeAfter))
            _current = Home;
        _lease = lease;
    }

    // A late answer must never be taken for that of a later request: the connection goes too.
    void TurnAway()
    {
        if (_current == Home)
            _leftHomeAt = BootClock.Now;
        _members[_current].Close();
        _current = (_current + 1) % _members.Length;
    }

    static TAnswer Ask<TRequest, TAnswer>(
        BlockingHttp member, string path, TRequest request, JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType, TimeSpan until)
        where TAnswer : class
    {
        var (status, body) = member.Post(path, JsonSerializer.SerializeToUtf8Bytes(request, requestType), until);
        if (status != Ok)
            throw new NoAnswerException($"{member.Endpoint}: {Reply.OfError(status, body.ToArray()).Why}");
        try
        {
            return JsonSerializer.Deserialize(body.Span, answerType)
                ?? throw new NoAnswerException($"{member.Endpoint}: an empty answer");
        }
        catch (JsonException e)
        {
            throw new NoAnswerException($"{member.Endpoint}: {e.Message}");
        }
    }

    static void CheckHeader(HeaderAnswer? header)
    {
        if (header is null)
            throw new NoAnswerException("the answer has no header");
    }
}
