using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Pooling;

/// <summary>What lasts too long.</summary>
internal sealed partial class Pool
{
    readonly List<ServerSession> _late = [];

    void OnTick()
    {
        PrepareSuccessors();
        ServeWaiting();
        Nudge();
        Level();
        EndWaits();
        CloseOneAtRest();
        if (_servers.Count > _idle.Count)
            EndLate();
    }

    // ---- clients that wait ----

    void EndWaits()
    {
        if (IsPaused || (_waiting.Count == 0 && _newcomers.Count == 0))
            return;
        var (limit, refusal) = Patience();
        if (limit <= TimeSpan.Zero)
            return;
        while (_newcomers.First is { } first && Now - CountsFrom(first.Value.Since) > limit)
        {
            _newcomers.RemoveFirst();
            first.Value.Client.SetResult(new LoginRefused(refusal.SqlState, refusal.Why));
        }
        while (_waiting.First is { } first && Now - CountsFrom(first.Value.Since) > limit)
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Refuse(refusal.Reason, refusal.SqlState, refusal.Why);
        }
    }

    // Held while there is no server; else only as long as the others are busy.
    (TimeSpan Limit, (CloseReason Reason, string SqlState, string Why) Refusal) Patience()
    {
        var settings = Worker.Plane.Settings;
        var trouble = _servers.Count == 0 && _whyNoServer is null ? _lastTrouble : null;
        if ((Worker.Routes.WhyNobody(Port, Now) ?? trouble) is { } why)
        {
            var server = Port == Port.Primary ? "primary" : "replica";
            return (settings.HoldTimeout, (CloseReason.HoldTimeout, SqlState.CannotConnectNow,
                $"no {server} of cluster {settings.Cluster} for {settings.HoldTimeout.TotalSeconds:0.#} s: {why}"));
        }
        var busy = _whyNoServer ?? $"all {Settings.Size} servers of this pool";
        return (Settings.QueryWaitTimeout, (CloseReason.PoolTimeout, SqlState.TooManyConnections,
            $"{busy} were busy for {Settings.QueryWaitTimeout.TotalSeconds:0.#} s (query_wait_timeout)"));
    }

    // ---- servers at rest ----

    // One at a time: those that are closed take their place out of the list, and are not missed all at once.
    void CloseOneAtRest()
    {
        if (_idle.Count == 0)
            return;
        if (_idle.Find(IsOld) is { } old)
            old.Close();
        else if (_reserve > 0 && IsIdleFor(_idle[0], Settings.ReserveTimeout))
            _idle[0].Close();
        else if (_servers.Count > Shared.LeastOf(Number) && Settings.ServerIdleTimeout > TimeSpan.Zero
            && IsIdleFor(_idle[0], Settings.ServerIdleTimeout))
            _idle[0].Close();
    }

    bool IsIdleFor(ServerSession server, TimeSpan limit) => Now - server.IdleSince > limit;

    // ---- servers in use ----

    void EndLate()
    {
        var (query, open) = (Settings.QueryTimeout, Settings.IdleTransactionTimeout);
        foreach (var server in _servers)
        {
            var limit = server.Client is null ? ProxyLimits.Reset : server.Due.Count > 0 ? query : open;
            if (limit > TimeSpan.Zero && server.IsHeld && Now - server.Since > limit)
                _late.Add(server);
        }
        foreach (var server in _late)
            End(server);
        _late.Clear();
    }

    void End(ServerSession server)
    {
        if (server.Client is not { } client)
        {
            server.Close();
        }
        else if (server.Due.Count == 0)
        {
            client.Refuse(CloseReason.IdleTransactionTimeout, SqlState.IdleInTransactionTimeout,
                "terminating connection due to idle-in-transaction timeout (idle_transaction_timeout)");
        }
        else if (server.CancelledFor != server.Since)
        {
            // The server's own answer is the true one; mostly it is an error, 57014.
            server.CancelledFor = server.Since;
            Counts.QueryTimeouts++;
            client.Cancel();
        }
        else if (Now - server.Since > Settings.QueryTimeout + ProxyLimits.CancelAnswer)
        {
            client.Refuse(CloseReason.QueryTimeout, SqlState.QueryCanceled,
                "query_timeout: the server answered no cancel; whether it was carried out is not known");
        }
    }
}
