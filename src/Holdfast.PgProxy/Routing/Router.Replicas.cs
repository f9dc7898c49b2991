using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using static Holdfast.PgProxy.Routing.Route;

namespace Holdfast.PgProxy.Routing;

/// <summary>Who may serve the port over the replicas.</summary>
public static partial class Router
{
    static Route ToReplicas(RoutingView view)
    {
        if (WhyBlind(view) is { } blind)
            return new Hold(blind);
        if (view.Cluster!.Leader is { } leader && leader.Term < view.NewestTerm)
            return new Hold($"the store says term {leader.Term}, and term {view.NewestTerm} was seen");
        var (servers, unfit) = (ImmutableArray.CreateBuilder<Server>(), new List<string>());
        foreach (var member in view.Cluster.Members.Where(IsReplica))
        {
            if (WhyUnfit(member, view) is { } why)
                unfit.Add($"{member.Name} {why}");
            else if (member.Address is var (host, port))
                servers.Add(new Server(member.Name, host, port, ServerRole.Replica, Term.None));
        }
        var rest = string.Join(", ", unfit);
        if (servers.Count > 0)
        {
            return new To(servers.ToImmutable(), unfit.Count == 0 ? "replicas" : $"replicas; {rest}")
            {
                Weights = [.. servers.Select(server => view.Replicas.WeightOf(server.Name))],
            };
        }
        var nobody = unfit.Count == 0 ? "no replica runs" : $"no replica may serve: {rest}";
        return !view.Replicas.FallsBack ? new Hold(nobody) : ToPrimary(view) switch
        {
            To primary => primary with { Why = nobody },
            Hold hold => new Hold($"{nobody}, and {hold.Why}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>Members that have not followed the leader onto its timeline yet.</summary>
    public static IEnumerable<NodeName> OnOldTimeline(RoutingView view) =>
        view.Cluster is { Leader: { } leader } cluster && cluster.Member(leader.Holder)?.Timeline is { } timeline
            ? cluster.Members.Where(member => member.Timeline < timeline).Select(member => member.Name)
            : [];

    // Without figures that change all the time: a change of this text is told.
    static string? WhyUnfit(MemberView member, RoutingView view) =>
        !IsRunning(member) ? $"is {Text(member.State)}"
        : member.Address is null ? "gives no address"
        : member.NoLoadBalance ? "takes no load"
        : view.Replicas.WeightOf(member.Name) == 0 ? "has no weight"
        : view.Book.Of(member.Name)?.WhyDrained;

    static string? WhyCutReplica(Server server, RoutingView view)
    {
        if (view.Cluster!.Member(server.Name) is not { } member)
            return $"{server.Name} is gone from the store";
        if (!IsReplica(member))
            return $"{server.Name} became {Text(member.Role)}";
        return view.Book.Of(server.Name)?.WhyCut is { } why ? $"{server.Name} is of an older term: {why}" : null;
    }
}
