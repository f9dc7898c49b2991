using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>May this be done? In Patroni's order, with its texts. Pure: the candidates' own word is asked
/// afterwards.</summary>
static class SwitchoverRules
{
    public const string Switchover = "switchover", Failover = "failover";

    /// <summary>What the request amounts to: a failover that names its leader is a switchover.</summary>
    public static string Action(string asked, SwitchoverRequest request) =>
        asked == Failover && request.Leader is not null ? Switchover : asked;

    /// <returns>Null when nothing in the request and in the view speaks against it.</returns>
    public static TextAnswer? Refusal(
        string asked, SwitchoverRequest request, ClusterView cluster, DateTimeOffset now) =>
        Form(asked, request)
        ?? Schedule(asked, request, cluster, now)
        ?? Target(request, cluster)
        ?? (request.ScheduledAt is null ? Possible(Action(asked, request), request, cluster) : null);

    /// <summary>Those who may take over, if they answer and are able: asked after <see cref="Refusal"/> found
    /// nothing.</summary>
    public static ImmutableArray<MemberView> Candidates(SwitchoverRequest request, ClusterView cluster)
    {
        var others = Others(cluster);
        if (request.Candidate is { } name)
            return [.. cluster.Members.Where(member => member.Name.Value == name)];
        return IsSynchronous(cluster) ? [.. others.Where(member => InSync(cluster, member.Name))] : others;
    }

    /// <summary>None of the candidates answered that it can be promoted.</summary>
    public static TextAnswer NoGoodCandidates(string action) =>
        new(412, $"{action} is not possible: no good candidates have been found");

    static TextAnswer? Form(string asked, SwitchoverRequest request) => (asked, request) switch
    {
        (Failover, { Candidate: null }) =>
            new(400, "Failover could be performed only to a specific candidate"),
        (Switchover, { Leader: null }) =>
            new(400, "Switchover could be performed only from a specific leader"),
        _ => null,
    };

    static TextAnswer? Schedule(string asked, SwitchoverRequest request, ClusterView cluster, DateTimeOffset now)
    {
        if (request.ScheduledAt is not { } text)
            return null;
        if (asked == Failover)
            return new(400, "Failover can't be scheduled");
        if (AgentFacts.IsPaused(cluster))
            return new(400, "Can't schedule switchover in the paused state");
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return new(422,
                "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601");
        if (!HasZone(text))
            return new(400, "Timezone information is mandatory for the scheduled switchover");
        return at < now ? new(422, "Cannot schedule switchover in the past") : null;
    }

    static TextAnswer? Target(SwitchoverRequest request, ClusterView cluster) =>
        request.Candidate is null && AgentFacts.IsPaused(cluster)
            ? new(400, "Switchover is possible only to a specific candidate in a paused state")
        : request.Leader == request.Candidate ? new(400, "Switchover target and source are the same")
        : null;

    static TextAnswer? Possible(string action, SwitchoverRequest request, ClusterView cluster)
    {
        if (request.Leader is { } leader && cluster.Leader?.Holder.Value != leader)
            return new(412, "leader name does not match");
        if (request.Candidate is { } candidate)
            return Candidate(action, new NodeName(candidate), cluster);
        if (Others(cluster).IsEmpty)
            return new(412, $"{action} is not possible: cluster does not have members except leader");
        return Candidates(request, cluster).IsEmpty
            ? new(412, $"{action} is not possible: can not find sync_standby")
            : null;
    }

    // Patroni asks for membership of sync in its plain synchronous mode only. We ask in quorum mode too: a member that
    // is not in it may lack acknowledged commits, so no agent would promote it, and the operator should hear that now.
    static TextAnswer? Candidate(string action, NodeName candidate, ClusterView cluster)
    {
        if (action == Switchover && IsSynchronous(cluster) && !InSync(cluster, candidate))
            return new(412, "candidate name does not match with sync_standby");
        return cluster.Member(candidate) is null ? new(412, "candidate does not exists") : null;
    }

    static ImmutableArray<MemberView> Others(ClusterView cluster) =>
        [.. cluster.Members.Where(member => member.Name != cluster.Leader?.Holder && member.ApiUrl.Length > 0)];

    static bool IsSynchronous(ClusterView cluster) =>
        (cluster.Settings?.SynchronousMode ?? SynchronousMode.Off) != SynchronousMode.Off;

    static bool InSync(ClusterView cluster, NodeName name) => cluster.Sync is { } sync && sync.Standbys.Contains(name);

    // A zone is Z, or a sign after the time of day.
    static bool HasZone(string text)
    {
        var time = text.IndexOf(':', StringComparison.Ordinal);
        return text.EndsWith('Z') || text.EndsWith("UTC", StringComparison.OrdinalIgnoreCase)
            || (time > 0 && text.AsSpan(time).IndexOfAny('+', '-') > 0);
    }
}
