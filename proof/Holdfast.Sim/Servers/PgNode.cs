using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Servers;

/// <summary>PostgreSQL on one host: the directory, and what runs on it. No agent's thread is here.</summary>
internal sealed class PgNode(Host host)
{
    public Host Host { get; } = host;
    public SimWorld World => Host.World;
    public NodeName Name => Host.Name;
    public PgData Data { get; set; } = new();
    public PgServer? Server { get; private set; }
    public PgServer? Orphans { get; private set; }

    /// <summary>Every step takes this much longer.</summary>
    public double Slowness { get; set; } = 1;

    /// <summary>Starts fail.</summary>
    public int StartFailures { get; set; }

    /// <summary>SIGSTOP to all of PostgreSQL, also to what starts meanwhile.</summary>
    public int Freezes { get; private set; }

    /// <summary>A start under way notices that one came.</summary>
    public int Kills { get; private set; }

    /// <summary>After the server is gone, and what was left of it is swept.</summary>
    public event Action? Ended;

    public TimeSpan Slowly(TimeSpan time) => time * Slowness;

    public PgServer Start(bool asPrimary)
    {
        Sweep();
        Server = new PgServer(this, asPrimary);
        for (var i = 0; i < Freezes; i++)
            Server.Strand.Freeze();
        return Server;
    }

    /// <summary>SIGKILL to all; standby.signal is there afterwards.</summary>
    public void KillAll(string why)
    {
        Kills++;
        if (Server is not null || Orphans is not null)
            World.Say($"{Name}: all of PostgreSQL is killed: {why}");
        if (World.Has(Mutation.FencePostmasterOnly) && Server is { State: PostgresState.Primary })
            CrashPostmaster();
        else if (Server is { } server)
            End(server.Kill);
        if (!World.Has(Mutation.FencePostmasterOnly))
            Sweep();
        EnsureStandbySignal();
    }

    public void Stopped()
    {
        if (Server is { } server)
            End(server.EndStopped);
        EnsureStandbySignal();
    }

    /// <summary>The host goes down: nobody hears of it.</summary>
    public void Vanish()
    {
        Server?.Kill();
        Orphans?.Kill();
        (Server, Orphans) = (null, null);
    }

    /// <summary>Only the postmaster dies.</summary>
    public void CrashPostmaster()
    {
        if (Server is not { } server)
            return;
        var wasPrimary = server.State == PostgresState.Primary;
        End(wasPrimary ? server.Orphan : server.Kill);
        Orphans = wasPrimary ? server : null;
    }

    void End(Action end)
    {
        Server = null;
        end();
        Ended?.Invoke();
    }

    public void Sweep()
    {
        Orphans?.Kill();
        Orphans = null;
    }

    public void EnsureStandbySignal()
    {
        if (Data.State != DataState.Empty)
            Data.HasStandbySignal = true;
    }

    public void Freeze()
    {
        Freezes++;
        Server?.Strand.Freeze();
    }

    public void Thaw()
    {
        if (Freezes == 0)
            return;
        Freezes--;
        Server?.Strand.Thaw();
    }
}
