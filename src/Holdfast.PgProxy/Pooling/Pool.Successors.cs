using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// Before a switchover: logs in to who is about to become primary, for as many clients as have a server now. A session
/// of a standby goes on when it is promoted, and writes from then on.
/// </summary>
internal sealed partial class Pool
{
    readonly List<Successor> _successors = [];
    int _successorLogins, _successorsWanted;
    TimeSpan _successorNamedAt;

    /// <summary>It let nobody in, and is not asked again while it is named.</summary>
    Server? _refusing;

    // Those that end while it is named are wanted all the same.
    void PrepareSuccessors()
    {
        AdoptSuccessors();
        if (Port != Port.Primary)
            return;
        if (Worker.Routes.Successor is not { } standby)
        {
            _refusing = null;
            DropSuccessors();
            return;
        }
        _successorNamedAt = Now;
        _successorsWanted = IsPaused ? 0 : Math.Max(_successorsWanted, _servers.Count);
        while (_successors.Count + _successorLogins < _successorsWanted && _refusing != standby
            && _successorLogins < ProxyLimits.SuccessorLoginsAtOnceMax && Worker.Plane.Ramp.TryEnter(standby, this))
            _ = PrepareAsync(standby);
    }

    // Who is named no more may be primary in a moment, or never.
    void DropSuccessors()
    {
        if (_successorsWanted == 0)
            return;
        if (Worker.Routes.WhyNobody(Port, Now) is not null && Now - _successorNamedAt < ProxyLimits.Successor)
            return;
        _successorsWanted = 0;
        CloseSuccessors();
    }

    void CloseSuccessors()
    {
        foreach (var successor in _successors)
            successor.Close();
        _successors.Clear();
    }

    async Task PrepareAsync(Server standby)
    {
        _successorLogins++;
        Worker.Counts.ServerLogins++;
        Counts.Logins++;
        var login = new ServerLogin(Worker.Loop, standby, Shared.Key, Shared.Keys, Worker.Plane.Access.Servers);
        var limit = Worker.ServerLogins.Add(login.GiveUp);
        LoggedIn? loggedIn;
        LoginRefused? refused;
        try
        {
            (loggedIn, refused) = await login.RunAsync();
        }
        finally
        {
            Worker.ServerLogins.Met(limit);
            _successorLogins--;
            Worker.Plane.Ramp.Leave(standby);
        }
        if (loggedIn is { Rest.Length: 0 })
            _successors.Add(new Successor(standby, loggedIn, successor => _successors.Remove(successor)));
        else
            Miss(standby, loggedIn, refused);
        PrepareSuccessors();
        // Meanwhile they may have been dropped.
        if (_successorsWanted == 0)
            CloseSuccessors();
        Nudge();
    }

    void Miss(Server standby, LoggedIn? loggedIn, LoginRefused? refused)
    {
        loggedIn?.Connection.Close();
        _refusing = standby;
        if (refused is null)
            return;
        Counts.LoginsFailed++;
        Worker.Plane.Log.NotLoggedIn(Port, Shared.Key.User, Shared.Key.Database, refused.Why);
    }

    // They take the places of those that the former primary had. One without a place stays, or is dropped.
    void AdoptSuccessors()
    {
        if (_successors.Count == 0 || Worker.Routes.WhyNobody(Port, Now) is not null
            || Worker.Routes[Port] is not Route.To { Servers: [var primary] })
            return;
        foreach (var successor in _successors.ToArray())
        {
            if (primary != successor.Standby with { Role = primary.Role, Term = primary.Term }
                || !_successors.Contains(successor))
                continue;
            if (_servers.Count + _loginsUnderWay >= Capacity || Shared.WhyNoServer(this) is not null)
                return;
            _successors.Remove(successor);
            Admit(primary, successor.Promoted());
        }
    }
}
