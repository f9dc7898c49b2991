using Holdfast.Sim.Servers;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Sim.World;

/// <summary>How a world begins: with empty hosts, or with a cluster that was stopped.</summary>
internal sealed class Genesis(SimWorld world)
{
    public void Begin()
    {
        if (!world.Settings.Bootstraps)
            MakeCluster();
        foreach (var host in world.Hosts)
        {
            host.Start();
            host.Clients.Start();
        }
        world.Etcd.Start();
    }

    void MakeCluster()
    {
        const string Identifier = "7000000001";
        var keys = new PatroniKeys("service", "sim");
        world.Etcd.Data.TryApply([
            new Operation.Put(keys.Initialize, Identifier),
            new Operation.Put(keys.Config, world.Settings.ConfigJson),
            new Operation.Put(keys.Sync, ClusterValues.Sync(world.Hosts[0].Name, [], 0)),
        ]);
        var first = new Wal();
        first.Append(0, 1, 112);
        foreach (var host in world.Hosts)
        {
            host.Postgres.Data = new PgData
            {
                SystemIdentifier = Identifier,
                Wal = first.Copy(),
                HasStandbySignal = true,
            };
        }
        world.Ledger.Initialized(world.Hosts[0].Postgres, Identifier);
    }
}
