using Holdfast.Cluster.Model;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Checks;

/// <summary>Once faults end, exactly one primary serves, and every member streams from it.</summary>
internal sealed class Peace(SimWorld world)
{
    static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(250), s_quietFor = TimeSpan.FromSeconds(2);

    TimeSpan? _since;

    public bool IsReached { get; private set; }

    public void Look()
    {
        _since = Missing() is null ? _since ?? world.Now : null;
        IsReached = world.Now - _since >= s_quietFor;
        if (!IsReached)
            world.Nature.After(s_lookEvery, Look);
    }

    /// <summary>What is still missing; null: all is well.</summary>
    public string? Missing()
    {
        var primaries = world.Hosts.Where(host => host.Postgres.Server is { State: PostgresState.Primary }).ToList();
        if (primaries is not [{ Postgres.Server: { } primary } host])
            return $"{primaries.Count} primaries";
        if (world.Now - world.Ledger.LastAcknowledged > TimeSpan.FromSeconds(1))
            return $"{host.Name} acknowledges nothing";
        if (host.Supervisor?.Agent is not { Machine: { } lease } agent || !lease.MayWrite(agent.Side.Now))
            return $"{host.Name} is primary without a lease";
        var away = world.Hosts.FirstOrDefault(other => other != host
            && !primary.Streams.Exists(stream => stream.Name == other.Name && stream.IsStreaming));
        if (away is not null)
            return $"{away.Name} does not stream";
        return world.Settings.Mode == SynchronousMode.Off || primary.Names.Length > 0
            ? null
            : "nobody acknowledges synchronously";
    }

    public void Judge()
    {
        if (!IsReached)
            world.Ledger.Broke("it comes back", Missing() ?? "not yet quiet");
        else if (world.Hosts.First(host => host.Postgres.Server is { State: PostgresState.Primary }) is { } last)
            world.Ledger.CheckNothingLost(last.Postgres.Server!, "is the last primary");
    }
}
