using Holdfast.Cluster.Model;
using static Holdfast.PgProxy.Routing.Route;

namespace Holdfast.PgProxy.Routing;

/// <summary>Who may serve whom: pure.</summary>
public static partial class Router
{
    public static Route Decide(Port port, RoutingView view) =>
        port == Port.Primary ? ToPrimary(view) : ToReplicas(view);

    static Route ToPrimary(RoutingView view)
    {
        if (WhyBlind(view) is { } blind)
            return new Hold(blind);
        if (view.Cluster!.Leader is not { } leader)
            return new Hold("nobody holds the leader lock");
        if (leader.Term < view.NewestTerm)
            return new Hold($"the store says term {leader.Term}, and term {view.NewestTerm} was seen");
        if (view.Cluster.Member(leader.Holder) is not { } member)
            return new Hold($"{leader.Holder} leads, and has not described itself");
        if (!IsPrimary(member) || !Is(member.State, "running"))
            return new Hold($"{member.Name} leads, and is still {Text(member.Role)}, {Text(member.State)}");
        // A member that gives no term is Patroni's: it says primary only while it holds the lock.
        if (member.Term != Term.None && member.Term != leader.Term)
        {
            return new Hold($"{member.Name} leads in term {leader.Term}, and serves term {member.Term}")
            {
                LeadsOn = member.Term < leader.Term && !member.HandsOver ? member.Name : null,
            };
        }
        // Whatever has a server already may finish there (WhyCut); a role that has not changed cuts nobody.
        if (member.HandsOver)
            return new Hold("a switchover is under way");
        return member.Address is var (host, port)
            ? new To([new Server(member.Name, host, port, ServerRole.Primary, leader.Term)], $"term {leader.Term}")
            : new Hold($"{member.Name} leads, and gives no address");
    }

    /// <summary>Who is named to become primary; null: nobody is. What it may serve is for <see cref="Decide"/> to
    /// say.</summary>
    public static Server? Successor(RoutingView view) =>
        WhyBlind(view) is null && view.Cluster is { Leader: { } leader } cluster && leader.Term >= view.NewestTerm
        && cluster.Member(leader.Holder)?.Successor is { } name
        && cluster.Member(name) is { Address: var (host, port) } member && IsReplica(member) && IsRunning(member)
            ? new Server(name, host, port, ServerRole.Successor, Term.None)
            : null;

    /// <summary>Why a running session with <paramref name="server"/> must end; null: it may go on.</summary>
    public static string? WhyCut(Server server, RoutingView view)
    {
        // Without fresh news nothing is known of the role; a primary whose lease ran out is fenced by its own host.
        if (view.Cluster is not { } cluster || view.IsStale || view.Distrust is not null)
            return null;
        return server.Role == ServerRole.Primary
            ? WhyCutPrimary(server, cluster)
            : WhyCutReplica(server, view);
    }

    static string? WhyCutPrimary(Server server, ClusterView cluster)
    {
        if (cluster.Leader is not { } leader)
            return $"{server.Name} no longer holds the leader lock";
        if (leader.Holder != server.Name)
            // A restored store may name a former leader: it is not believed.
            return leader.Term > server.Term ? $"{leader.Holder} leads since term {leader.Term}" : null;
        // The same holder under a newer term has put its lock on a new lease, which it does whenever etcd elects: its
        // server ran on. Had it lost the lock in between, its server was killed, and the sessions with it.
        return cluster.Member(server.Name) is { } member && !IsPrimary(member)
            ? $"{server.Name} became {Text(member.Role)}"
            : null;
    }

    /// <summary>True if <paramref name="server"/>, chosen a moment ago, would be chosen again.</summary>
    public static bool StillGood(Port port, Server server, RoutingView view) =>
        Decide(port, view) is To to
        && to.Servers.Any(other => other.Name == server.Name && other.Role == server.Role);

    static string? WhyBlind(RoutingView view)
    {
        if (view.Cluster is null)
            return "the store has not answered yet";
        if (view.Distrust is { } distrust)
            return distrust;
        return view.IsStale
            ? $"no news of the store for {view.Age.TotalSeconds:0.0} s, the limit is {view.Ttl.TotalSeconds:0.#} s"
            : null;
    }

    // Patroni before 4.0 says master.
    internal static bool IsPrimary(MemberView member) => Is(member.Role, "primary") || Is(member.Role, "master");
    internal static bool IsReplica(MemberView member) => Is(member.Role, "replica");
    internal static bool IsRunning(MemberView member) => Is(member.State, "running") || Is(member.State, "streaming");
    static bool Is(string word, string other) => string.Equals(word, other, StringComparison.Ordinal);
    static string Text(string word) => word.Length > 0 ? word : "silent about itself";
}
