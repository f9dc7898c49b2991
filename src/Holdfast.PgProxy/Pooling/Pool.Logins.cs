using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Pooling;

/// <summary>How the pool gets its servers.</summary>
internal sealed partial class Pool
{
    readonly List<(Server Server, ServerLogin Login)> _logins = [];
    int _loginsUnderWay;
    TimeSpan _retryAt, _retryPause = ProxyLimits.RetryPause;
    string _lastTrouble = "";
    string? _whyNoServer;

    int Wanted => Math.Max(
        _waiting.Count + Math.Min(_newcomers.Count, 1), Shared.LeastOf(Number) - _servers.Count);

    /// <summary>Logs in to as many servers as are needed, as far as they are allowed.</summary>
    public void Nudge()
    {
        // Who could not use a place is not in the way of others.
        if (Wanted <= _loginsUnderWay || IsPaused || Worker.Routes.WhyNobody(Port, Now) is not null)
        {
            Shared.LeaveLine(this);
            return;
        }
        // A login that fails at once, such as at a closed port, has moved the next try by the time it returns.
        var goesOn = true;
        while (goesOn && Wanted > _loginsUnderWay && Now >= _retryAt)
            goesOn = HasPlace() && TryLogin(PickServer());
    }

    // The place for it is counted already, and is free again if it comes to nothing.
    bool TryLogin(Server? picked)
    {
        if (picked is { } server && Worker.Plane.Ramp.TryEnter(server, this))
        {
            _ = LoginAsync(server);
            return true;
        }
        Shared.RemoveServer();
        ReturnReserve();
        return false;
    }

    async Task LoginAsync(Server server)
    {
        _loginsUnderWay++;
        _loginsTo.Add(server.Name);
        Worker.Counts.ServerLogins++;
        Counts.Logins++;
        ServerSession? session = null;
        LoginRefused? refused;
        try
        {
            (session, refused) = await LogInAsync(server);
        }
        finally
        {
            _loginsUnderWay--;
            _loginsTo.Remove(server.Name);
            Worker.Plane.Ramp.Leave(server);
            if (session is null)
                Shared.RemoveServer();
        }
        if (refused is null)
            (_retryAt, _retryPause, _lastTrouble) = (TimeSpan.Zero, ProxyLimits.RetryPause, "");
        else
            OnRefused(refused);
        ReturnReserve();
        Nudge();
    }

    // A host that vanished takes no connection and says nothing, and its places are wanted for who leads now.
    void GiveUpLogins()
    {
        foreach (var (server, login) in _logins.ToArray())
        {
            if (!Worker.Routes.MayServe(Port, server, Now))
                login.GiveUp();
        }
    }

    // Exactly one of the two.
    async Task<(ServerSession? Session, LoginRefused? Refused)> LogInAsync(Server server)
    {
        var login = new ServerLogin(
            Worker.Loop, server, Shared.Key, Shared.Keys, Worker.Plane.Access.Servers);
        var limit = Worker.ServerLogins.Add(login.GiveUp);
        _logins.Add((server, login));
        var (loggedIn, refused) = await login.RunAsync();
        _logins.Remove((server, login));
        Worker.ServerLogins.Met(limit);
        if (loggedIn is null)
        {
            if (refused!.IsForNow)
                Worker.Plane.PassOver(server);
            return (null, refused);
        }
        // Its role may have changed meanwhile, and nobody would have cut it.
        if (!Worker.Routes.MayServe(Port, server, Now))
        {
            loggedIn.Connection.Close();
            return (null, new LoginRefused(null, $"{server} lost its role"));
        }
        return (Admit(server, loggedIn), null);
    }

    // It is counted already.
    ServerSession Admit(Server server, LoggedIn loggedIn)
    {
        var welcome = new Welcome(loggedIn.Reported);
        Shared.Welcome = welcome;
        Greet(null);
        var session = new ServerSession(this, server, loggedIn, welcome);
        _servers.Add(session);
        session.Connection.Resume();
        if (loggedIn.Rest.Length > 0)
            session.OnBytes(loggedIn.Rest);
        else
            IsFree(session);
        return session;
    }

    void OnRefused(LoginRefused refused)
    {
        // Once for each trouble: there may be many tries in a second.
        if (!string.Equals(_lastTrouble, refused.Why, StringComparison.Ordinal))
            Worker.Plane.Log.NotLoggedIn(Port, Shared.Key.User, Shared.Key.Database, refused.Why);
        _lastTrouble = refused.Why;
        Counts.LoginsFailed++;
        // It may have a new password: what clients have shown is not asked for any more.
        if (string.Equals(refused.SqlState, SqlState.InvalidPassword, StringComparison.Ordinal))
            Worker.Plane.Doubt(Shared.Key.User);
        if (refused.IsForNow)
        {
            _retryAt = Now + _retryPause;
            _retryPause = _retryPause * 2 < ProxyLimits.RetryPauseMax ? _retryPause * 2 : ProxyLimits.RetryPauseMax;
            return;
        }
        // A password that was changed, a database that is not there: whoever waits is told what the server said.
        Greet(refused);
        while (_waiting.First is { } first)
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Refuse(CloseReason.LoginRefused, refused.SqlState!, refused.Why);
        }
        // Nobody waits, and the minimum can't be met: not at once again.
        _retryAt = Now + ProxyLimits.RetryPauseMax;
    }

    void Greet(LoginRefused? refused)
    {
        while (_newcomers.First is { } first)
        {
            _newcomers.RemoveFirst();
            first.Value.Client.SetResult(refused);
        }
    }
}
