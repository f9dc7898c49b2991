using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Servers;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Sim.Nodes;

/// <summary>One life of a supervisor: the second owner of the deadline, as <c>Fence</c>, with the real
/// <see cref="FenceRules"/>; and who starts the agent.</summary>
internal sealed class SupervisorProcess
{
    public const string DataFolder = "/var/lib/holdfast", DataDirectory = DataFolder + "/postgres";
    static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1), s_watchEvery = TimeSpan.FromMilliseconds(100);

    readonly Host _host;
    FenceTicket? _ticket;
    SimEvent? _timer;

    /// <param name="host">Where it runs.</param>
    /// <param name="former">The one before on the same boot: its ticket is in the run folder, its agent lives
    /// on.</param>
    public SupervisorProcess(Host host, SupervisorProcess? former)
    {
        _host = host;
        Strand = host.World.NewStrand($"supervisor of {host.Name}", host.Boot);
        _ticket = host.World.Has(Mutation.TicketForgotten) ? null : former?._ticket;
        Agent = former?.Agent;
        Arm();
        Strand.After(TimeSpan.Zero, LookAndKill);
        Strand.After(s_lookEvery, Look);
        Strand.After(TimeSpan.Zero, WatchAgent);
    }

    public Strand Strand { get; }
    public AgentProcess? Agent { get; private set; }
    public FenceTicket? Ticket => _ticket;

    PgNode Postgres => _host.Postgres;
    long NowNs => BootClock.ToNanoseconds(Strand.Now);

    public void Kill() => Strand.Kill();

    void WatchAgent()
    {
        if (Agent is { IsAlive: true })
        {
            Strand.After(s_watchEvery, WatchAgent);
            return;
        }
        Strand.After(_host.World.Rng.Between(50, 400), () =>
        {
            Agent = new AgentProcess(_host);
            WatchAgent();
        });
    }

    /// <summary>As <c>Fence.Put</c>.</summary>
    public bool Put(FenceTicket next)
    {
        if (FenceRules.Refusal(_ticket, next, NowNs, _host.BootId, DataFolder, ownCgroup: null) is { } refusal)
        {
            _host.World.Say($"{_host.Name}: the supervisor refuses: {refusal}");
            return false;
        }
        if (_ticket is { DeadlineNs: > 0 })
            LookAndKill();
        var why = FenceRules.VerdictOnChange(_ticket, next, Sight);
        _ticket = next;
        Arm();
        if (why is not null)
            Fence(why);
        return true;
    }

    PostgresSight Sight() => new(
        Postgres.Server is not null, Postgres.Data.HasStandbySignal, Postgres.Data.State != DataState.Empty);

    void Look()
    {
        LookAndKill();
        Strand.After(s_lookEvery, Look);
    }

    void Arm()
    {
        if (_timer is { } timer)
            timer.IsCancelled = true;
        _timer = _ticket is { DeadlineNs: > 0 } ticket
            ? Strand.After(BootClock.FromNanoseconds(ticket.DeadlineNs) - Strand.Now
                + _host.World.Rng.Mostly(0.1, 3, 0.01, 60), LookAndKill)
            : null;
    }

    void LookAndKill()
    {
        if (FenceRules.Verdict(_ticket, NowNs, Sight) is { } why)
            Fence(why);
    }

    void Fence(string why)
    {
        if (!_host.World.Has(Mutation.SupervisorNeverFences) && !_host.World.Has(Mutation.TicketForgotten))
            Postgres.KillAll($"by the supervisor: {why}");
        if (_ticket is { } ticket)
            _ticket = ticket with { DeadlineNs = 0 };
        Arm();
    }

    /// <summary>After its own end (ExecStopPost).</summary>
    public void RunLastFence() => LookAndKill();
}
