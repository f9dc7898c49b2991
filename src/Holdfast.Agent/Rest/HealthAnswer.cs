using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>The status code of each health path, from the last view alone: Patroni's table, with one rule more. A view
/// that is older than the lease's ttl proves nothing, so it never says "primary" (the loop that made it
/// hangs).</summary>
static class HealthAnswer
{
    const int Yes = 200, No = 503;

    /// <param name="path">For example <c>/replica</c>, in lower case, without a slash at its end; the root is
    /// <c>/</c>.</param>
    /// <param name="now">CLOCK_BOOTTIME.</param>
    /// <returns>200 or 503; 503 for every path that is not a health path.</returns>
    public static int Code(string path, HealthQuery query, AgentView view, TimeSpan now) => path switch
    {
        "/" or "/primary" or "/master" or "/read-write" => Code(IsPrimary(view, now)),
        "/leader" => Code(Leads(view, now)),
        "/replica" => Code(IsReplica(query, view) && TagsMatch(query, view)),
        "/read-only" => Code((IsPrimary(view, now) || IsReplica(query, view)) && TagsMatch(query, view)),
        "/sync" or "/synchronous" => Code(IsSync(view) && IsReplica(query, view) && TagsMatch(query, view)),
        "/quorum" => Code(IsQuorum(view) && IsReplica(query, view) && TagsMatch(query, view)),
        "/async" or "/asynchronous" => Code(IsAsync(view) && IsReplica(query, view) && TagsMatch(query, view)),
        "/read-only-sync" or "/read-only-synchronous" =>
            Code((IsPrimary(view, now) || (IsSync(view) && IsReplica(query, view))) && TagsMatch(query, view)),
        "/read-only-quorum" =>
            Code((IsPrimary(view, now) || (IsQuorum(view) && IsReplica(query, view))) && TagsMatch(query, view)),
        "/health" => Code(AgentFacts.State(view) == "running" && TagsMatch(query, view)),
        "/liveness" => Code(IsAlive(view, now)),
        "/readiness" => Code(IsReady(query, view, now)),
        _ => No,
    };

    /// <summary>The two that answer with a status line only.</summary>
    public static bool HasNoBody(string path) => path is "/liveness" or "/readiness";

    /// <summary>Holds the leader lock, by a view that is fresh enough to say so.</summary>
    public static bool Leads(AgentView view, TimeSpan now) =>
        view.HasLease && now - view.LastTurn <= AgentFacts.Ttl(view);

    /// <summary>One that answers and lets nobody in yet calls itself starting.</summary>
    public static bool IsPrimary(AgentView view, TimeSpan now) =>
        Leads(view, now) && view.Postgres.State == PostgresState.Primary && view.State != "starting";

    static bool IsReplica(HealthQuery query, AgentView view) =>
        AgentFacts.Role(view) == "replica"
        && AgentFacts.State(view) == "running"
        && !view.NoLoadBalance
        && !IsLagging(query, view)
        && (query.ReplicationState is not { } wanted || wanted == AgentFacts.ReplicationState(view));

    static bool IsLagging(HealthQuery query, AgentView view)
    {
        var leader = view.Cluster?.LeaderPosition.Value ?? 0;
        var replayed = view.Postgres.Replayed?.Value ?? 0;
        return query.Lag is { } limit && leader > replayed && leader - replayed > limit;
    }

    static bool IsSync(AgentView view) => AgentFacts.SyncWord(view) == "sync_standby";

    static bool IsQuorum(AgentView view) => AgentFacts.SyncWord(view) == "quorum_standby";

    static bool IsAsync(AgentView view) => view.Cluster is not null && AgentFacts.SyncWord(view) is null;

    static bool TagsMatch(HealthQuery query, AgentView view)
    {
        foreach (var (name, value) in query.Tags)
        {
            if (!AgentFacts.HasTag(view, name) || value != "true")
                return false;
        }
        return true;
    }

    // The loop ran within ttl on a primary; a replica may be late by twice as much.
    static bool IsAlive(AgentView view, TimeSpan now) =>
        now - view.LastTurn <= AgentFacts.Ttl(view) * (view.Postgres.State == PostgresState.Primary ? 1 : 2);

    static bool IsReady(HealthQuery query, AgentView view, TimeSpan now)
    {
        if (Leads(view, now))
            return true;
        if (view.Cluster is not { } cluster
            || AgentFacts.State(view) != "running"
            || AgentFacts.ReplicationState(view) != "streaming")
            return false;
        var limit = query.Lag ?? (cluster.Settings ?? new()).MaximumLagOnFailover;
        var own = (query.ModeWrite ? view.Postgres.Received : view.Postgres.Replayed)?.Value ?? 0;
        var leader = cluster.LeaderPosition.Value;
        return leader <= own || leader - own <= limit;
    }

    static int Code(bool healthy) => healthy ? Yes : No;
}
