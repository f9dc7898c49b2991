using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Pooling;

/// <summary>Where several servers may serve: whose turn it is, and how many connections each has.</summary>
internal sealed partial class Pool
{
    readonly ReplicaTurns _turns = new();
    readonly List<NodeName> _loginsTo = [];
    Server? _yieldsFor;

    // The index in _idle of the one whose turn it is; -1: none.
    int IdleInTurn() =>
        Worker.Routes.WhyNobody(Port, Now) is null && Worker.Routes[Port] is Route.To route
            ? _turns.Next(_idle, route)
            : -1;

    Server? PickServer() => Worker.Plane.Pick(Port, ConnectionsTo);

    int ConnectionsTo(Server server) =>
        _servers.Count(other => other.Server.Name == server.Name) + _loginsTo.Count(name => name == server.Name);

    // A replica that has come back, or that nobody has needed yet, has its part of the connections made, one at a time:
    // in a free place, or in the place of one that has more than its own part.
    void Level()
    {
        _yieldsFor = null;
        if (!_turns.IsShort || IsPaused)
            return;
        _turns.IsShort = false;
        if (_loginsUnderWay > 0 || Now < _retryAt || Worker.Routes.WhyNobody(Port, Now) is not null
            || Worker.Routes[Port] is not Route.To { Servers.Length: > 1 } route
            || ReplicaTurns.Poorest(route, ConnectionsTo, Share) is not { } poorest
            || Worker.Plane.IsPassedOver(poorest)
            || (_servers.Count >= Share && !MakeRoomFor(poorest))
            || Shared.WhyNoServer(this) is not null)
            return;
        TryLogin(poorest);
    }

    bool MakeRoomFor(Server server)
    {
        // Where none is at rest, the next one that comes to rest is closed.
        var has = ConnectionsTo(server);
        if (_idle.Count == 0)
            _yieldsFor = server;
        if (_idle.Find(idle => ConnectionsTo(idle.Server) > has + 1) is not { } surplus)
            return false;
        Release(surplus);
        Shared.RemoveServer();
        surplus.Close();
        return true;
    }

    bool YieldsPlace(ServerSession server)
    {
        if (_yieldsFor is not { } poorest || ConnectionsTo(server.Server) <= ConnectionsTo(poorest) + 1)
            return false;
        _yieldsFor = null;
        return true;
    }
}
