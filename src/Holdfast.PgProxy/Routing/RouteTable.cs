using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>The router's answers for both ports, good for a while: what a loop looks at for each statement.</summary>
/// <param name="Primary">Of the primary port.</param>
/// <param name="Replicas">Of the replica port.</param>
/// <param name="GoodUntil">CLOCK_BOOTTIME: without news until then, nobody may serve.</param>
internal sealed record RouteTable(Route Primary, Route Replicas, TimeSpan GoodUntil)
{
    public static readonly RouteTable None = new(
        new Route.Hold("the store has not answered yet"), new Route.Hold("the store has not answered yet"),
        TimeSpan.Zero);

    public static RouteTable Of(RoutingView view, TimeSpan now) => new(
        Router.Decide(Port.Primary, view), Router.Decide(Port.Replicas, view), now - view.Age + view.Ttl)
    {
        OnOldTimeline = [.. Router.OnOldTimeline(view)],
        Successor = Router.Successor(view),
    };

    /// <summary>Who is named to become primary.</summary>
    public Server? Successor { get; init; }

    /// <summary>Replicas that follow an older timeline than the leader's: what they have replayed may not be its
    /// history.</summary>
    public ImmutableArray<NodeName> OnOldTimeline { get; init; } = [];

    public bool IsOnOldTimeline(Server server) => OnOldTimeline.Contains(server.Name);

    public Route this[Port port] => port == Port.Primary ? Primary : Replicas;

    /// <summary>Whether a connection to <paramref name="server"/> may be given to a client now.</summary>
    public bool MayServe(Port port, Server server, TimeSpan now) => now < GoodUntil && WouldPick(port, server);

    /// <summary>Null: somebody may serve.</summary>
    public string? WhyNobody(Port port, TimeSpan now) => this[port] is Route.Hold hold ? hold.Why
        : now >= GoodUntil ? "no news of the store" : null;

    bool WouldPick(Port port, Server server)
    {
        if (this[port] is Route.Hold { LeadsOn: { } primary })
            return server.Role == ServerRole.Primary && server.Name == primary;
        if (this[port] is not Route.To to)
            return false;
        foreach (var other in to.Servers)
        {
            if (other.IsSameAs(server))
                return true;
        }
        return false;
    }
}
