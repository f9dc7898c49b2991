using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>What the loops say of themselves. Each speaks for one moment of its own.</summary>
internal static class PlaneFacts
{
    /// <summary>Goes on where it was called from.</summary>
    public static Task<List<PoolFacts>> PoolsAsync(PooledProxy plane) => OfAllAsync(
        plane, worker => worker.Pools.Select(pool => pool.Look()));

    public static Task<List<ClientFacts>> ClientsAsync(PooledProxy plane) => OfAllAsync(
        plane, worker => worker.Clients.Select(client => client.Look()).OfType<ClientFacts>());

    public static Task<List<ServerFacts>> ServersAsync(PooledProxy plane) => OfAllAsync(
        plane, worker => worker.Pools.SelectMany(pool => pool.Servers).Select(server => server.Look()));

    static async Task<List<T>> OfAllAsync<T>(PooledProxy plane, Func<Worker, IEnumerable<T>> look)
    {
        var all = await plane.FromAllAsync(worker => look(worker).ToList());
        return [.. all.SelectMany(some => some)];
    }
}
