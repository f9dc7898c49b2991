using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Pooling;

/// <summary>What an operator wants of the pool, and is told of it.</summary>
internal sealed partial class Pool
{
    TimeSpan _resumedAt;

    public IReadOnlyCollection<ServerSession> Servers => _servers;

    bool IsPaused => Shared.Orders.IsPaused;

    bool IsOld(ServerSession server) => server.IsSuspect || server.Born < Shared.Orders.OldBefore
        || (Settings.ServerLifetime is { Ticks: > 0 } lifetime && Now - server.Born > lifetime);

    // What somebody has waited in a pause does not count.
    TimeSpan CountsFrom(TimeSpan since) => since > _resumedAt ? since : _resumedAt;

    /// <summary>They are others.</summary>
    public void OnOrders()
    {
        foreach (var server in _idle.ToArray())
        {
            if (IsPaused || IsOld(server))
                server.Close();
        }
        while (_servers.Count > Capacity && _idle.Count > 0)
            _idle[^1].Close();
        CloseSuccessors(); // They may be older than the orders; as far as they are wanted they are made anew.
        if (IsPaused)
            return;
        _resumedAt = Now;
        ServeWaiting();
        Nudge();
    }

    /// <summary>Ends all servers, and the logins of those who wait for one.</summary>
    public void Kill(string why)
    {
        Greet(new LoginRefused(SqlState.AdminShutdown, why));
        foreach (var server in _servers.ToArray())
            server.Lose(why);
        CloseSuccessors();
    }

    public PoolFacts Look()
    {
        var (active, cancelled, old, pinned) = (0, 0, 0, 0);
        foreach (var server in _servers)
        {
            active += server.Client is null ? 0 : 1;
            pinned += server.Client is { IsPinned: true } ? 1 : 0;
            cancelled += server.CancelsUnderWay > 0 ? 1 : 0;
            old += IsOld(server) ? 1 : 0;
        }
        var oldest = _waiting.First is { } first ? Now - first.Value.Since : TimeSpan.Zero;
        if (_newcomers.First is { } newcomer && Now - newcomer.Value.Since > oldest)
            oldest = Now - newcomer.Value.Since;
        return new PoolFacts(
            Shared.Key, Settings, Shared.ClientsOf(Worker.Loop.Number), _waiting.Count, _newcomers.Count, oldest,
            active, _idle.Count, _servers.Count - active - _idle.Count, _loginsUnderWay, cancelled, old, pinned);
    }
}
