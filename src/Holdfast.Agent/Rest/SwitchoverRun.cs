using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agent.Rest;

/// <summary>
/// An operator's switchover: checks it, writes the key <c>failover</c>, and waits until the view shows another leader.
/// The agents do the rest by that key: the leader gives way, the candidate takes over and clears it. Whoever serves the
/// request need not be the leader.
/// </summary>
sealed class SwitchoverRun(
    RestSettings settings, Func<AgentView> view, IStore store, PeerClient peers, TimeProvider clock, ILogger log)
{
    readonly string _key = settings.KeyPrefix + "failover";
    readonly string _leaderKey = settings.KeyPrefix + "leader";

    /// <param name="asked"><see cref="SwitchoverRules.Switchover"/> or <see cref="SwitchoverRules.Failover"/>.</param>
    public async ValueTask<TextAnswer> RunAsync(string asked, SwitchoverRequest request, CancellationToken stop)
    {
        log.SwitchoverAsked(asked, request.Leader, request.Candidate, request.ScheduledAt);
        if (view().Cluster is not { } cluster)
            return new(503, "the store has not answered yet");
        if (SwitchoverRules.Refusal(asked, request, cluster, clock.GetUtcNow()) is { } refusal)
            return refusal;
        if (request.ScheduledAt is not null)
            return new(501, "scheduled switchover is not supported by this version; ask again without scheduled_at");
        var action = SwitchoverRules.Action(asked, request);
        if (!await AnyGoodCandidateAsync(request, cluster, stop))
            return SwitchoverRules.NoGoodCandidates(action);
        var written = await WriteAsync(request, stop);
        return written.Outcome switch
        {
            WriteOutcome.Written => await WaitAsync(
                action, cluster.Leader?.Holder, request.Candidate, written.Header.Revision, stop),
            WriteOutcome.Refused => new(503, "failed to write failover key into DCS"),
            _ => new(503, $"{Title(action)} status unknown: {written.Why}; operation may still be in progress"),
        };
    }

    async ValueTask<bool> AnyGoodCandidateAsync(SwitchoverRequest request, ClusterView cluster, CancellationToken stop)
    {
        var questions = SwitchoverRules.Candidates(request, cluster)
            .Select(member => peers.AskAsync(member.ApiUrl, stop).AsTask())
            .ToArray();
        var answers = await Task.WhenAll(questions);
        return answers.Any(answer => answer is not null && answer.FailoverLimitation is null);
    }

    // The leader is compared too: a request that met another leader than it named must not move that one.
    async ValueTask<CommitResult> WriteAsync(SwitchoverRequest request, CancellationToken stop)
    {
        try
        {
            var now = (await store.ReadAsync([_key], stop)).Find(_key);
            Compare same = now is null ? new Compare.Missing(_key) : new Compare.ModRevision(_key, now.ModRevision);
            var put = new Operation.Put(
                _key, ClusterValues.Failover(Name(request.Leader), Name(request.Candidate), scheduledAt: null));
            return request.Leader is { } leader
                ? await store.CommitAsync(new([same, new Compare.Value(_leaderKey, leader)], [put]), stop)
                : await store.CommitAsync(new([same], [put]), stop);
        }
        catch (StoreUnavailableException unavailable)
        {
            return new(WriteOutcome.Refused, default, unavailable.Message);
        }
    }

    async ValueTask<TextAnswer> WaitAsync(
        string action, NodeName? former, string? candidate, long revision, CancellationToken stop)
    {
        var loopWait = view().Cluster?.Settings?.LoopWait ?? TimeSpan.Zero;
        var patience = 2 * (loopWait > settings.SwitchoverPatience ? loopWait : settings.SwitchoverPatience);
        var started = clock.GetTimestamp();
        using var tick = new PeriodicTimer(settings.SwitchoverPoll, clock);
        while (clock.GetElapsedTime(started) < patience && await tick.WaitForNextTickAsync(stop))
        {
            if (view().Cluster is { } cluster && cluster.Revision >= revision
                && Result(action, former, candidate, cluster) is { } result)
                return result;
        }
        return new(503, $"{Title(action)} status unknown after {patience.TotalSeconds:0} seconds; "
            + "operation may still be in progress");
    }

    static TextAnswer? Result(string action, NodeName? former, string? candidate, ClusterView cluster)
    {
        var verb = action == SwitchoverRules.Switchover ? "switched" : "failed";
        if (cluster.Leader is { } leader && leader.Holder != former)
        {
            return candidate is null || leader.Holder.Value == candidate
                ? new(200, $"Successfully {verb} over to \"{leader.Holder}\"")
                : new(200, $"{Title(verb)} over to \"{leader.Holder}\" instead of \"{candidate}\"");
        }
        // The wish is gone and the leader is not: it was refused. Without a leader it may still come true.
        return cluster.Leader is not null && IsCleared(cluster.Failover) ? new(503, $"{Title(action)} failed") : null;
    }

    static bool IsCleared(FailoverView? failover) => failover is null or { Leader: null, Candidate: null };

    static NodeName? Name(string? text) => text is null ? null : new NodeName(text);

    static string Title(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
