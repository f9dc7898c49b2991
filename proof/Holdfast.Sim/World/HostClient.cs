using Holdfast.Cluster.Model;

namespace Holdfast.Sim.World;

/// <summary>A client on the host itself, whom no partition cuts off: it writes whenever the server beside it takes
/// writes, and hears of every commit that is acknowledged.</summary>
internal sealed class HostClient(SimWorld world, Host host)
{
    public void Start() => world.Nature.After(world.Rng.Between(0, 100), Write);

    void Write()
    {
        if (host.IsUp && (host.Postgres.Server ?? host.Postgres.Orphans) is { State: PostgresState.Primary } server)
            server.Commit(world.Ledger.NextCommit());
        world.Nature.After(world.Rng.Between(40, 120), Write);
    }
}
