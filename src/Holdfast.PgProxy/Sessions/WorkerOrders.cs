using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What operators want of a loop.</summary>
internal sealed partial class Worker
{
    public IReadOnlyCollection<Pool> Pools => _pools.Values;

    /// <summary>Of each port.</summary>
    public List<Acceptor> Acceptors { get; } = [];

    /// <summary>Clients of the console that are on this loop.</summary>
    public HashSet<ConsoleSession> Consoles { get; } = [];

    /// <summary>Another process accepts from the same sockets; who has come here is served here.</summary>
    /// <returns>How many ports.</returns>
    public int StopAccepting()
    {
        foreach (var acceptor in Acceptors)
            acceptor.Finish();
        var count = Acceptors.Count;
        Acceptors.Clear();
        return count;
    }

    /// <summary>They are others.</summary>
    /// <returns>How many pools were told.</returns>
    public int OnOrders()
    {
        foreach (var pool in _pools.Values)
            pool.OnOrders();
        return _pools.Count;
    }

    /// <summary>Cuts the clients and the servers of a database off.</summary>
    /// <returns>How many clients.</returns>
    public int Kill(string database)
    {
        var why = $"an administrator has cut off the database \"{database}\"";
        var killed = Clients
            .Where(client => string.Equals(client.Key.Database, database, StringComparison.Ordinal)).ToArray();
        foreach (var client in killed)
            client.Refuse(CloseReason.Killed, SqlState.AdminShutdown, why);
        foreach (var pool in _pools.Values)
        {
            if (string.Equals(pool.Shared.Key.Database, database, StringComparison.Ordinal))
                pool.Kill(why);
        }
        return killed.Length;
    }

    /// <returns>1, or 0: it is not here.</returns>
    public int KillClient(long id)
    {
        var killed = Clients.Where(client => client.Id == id).ToArray();
        foreach (var client in killed)
            client.Refuse(CloseReason.Killed, SqlState.AdminShutdown, "an administrator has cut off this client");
        return killed.Length;
    }

    void EndConsoles(bool all)
    {
        foreach (var console in Consoles.Where(console => all || console.IsAtRest).ToArray())
            console.Refuse(CloseReason.Draining, SqlState.AdminShutdown, "the proxy is shutting down");
    }
}
