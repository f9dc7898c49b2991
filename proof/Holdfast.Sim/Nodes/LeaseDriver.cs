using System.Diagnostics;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Etcd;
using Holdfast.Sim.Servers;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Nodes;

/// <summary>Does for the real <see cref="LeaseMachine"/> what <c>LeaseKeeper</c> does, in virtual time and on a strand
/// of its own.</summary>
internal sealed class LeaseDriver
{
    /// <summary>FenceLink's: longer than that, and the supervisor is not well.</summary>
    static readonly TimeSpan s_handOverLimit = TimeSpan.FromMilliseconds(150);

    readonly Host _host;
    readonly Strand _strand;
    readonly LeaseMachine _machine;
    readonly SimHeartbeat _heartbeat;
    readonly SimPostgres _postgres;
    TaskCompletionSource? _wake;
    bool _isDue;

    public LeaseDriver(
        Host host, Strand strand, LeaseMachine machine, SimHeartbeat heartbeat, SimPostgres postgres)
    {
        (_host, _strand, _machine, _heartbeat, _postgres) = (host, strand, machine, heartbeat, postgres);
        machine.Due += () => strand.After(TimeSpan.Zero, Wake);
    }

    SimWorld World => _host.World;

    void Wake()
    {
        _isDue = true;
        _wake?.TrySetResult();
    }

    public async Task RunAsync()
    {
        while (true)
        {
            _isDue = false;
            var step = _machine.Next(_strand.Now);
            while (step is not LeaseStep.Rest)
                step = await DoAsync(step);
            if (_isDue)
                continue;
            _wake = new TaskCompletionSource();
            var wait = ((LeaseStep.Rest)step).Until - _strand.Now;
            var timer = _strand.After(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Wake);
            await _wake.Task;
            timer.IsCancelled = true;
        }
    }

    async ValueTask<LeaseStep> DoAsync(LeaseStep step)
    {
        switch (step)
        {
            case LeaseStep.Renew s:
                var renewed = await _heartbeat.RenewAsync(s.Of.ModRevision, s.Of.LeaseId, s.Limit);
                return _machine.Renewed(s.Of, renewed, _strand.Now);
            case LeaseStep.Replace s:
                var replaced = await _heartbeat.ReplaceAsync(s.ModRevision, s.Ttl, s.Limit);
                return _machine.Replaced(s.Of, replaced, _strand.Now);
            case LeaseStep.AskMembers s:
                var sentAt = _strand.Now;
                return _machine.Confirmed(s.Of, await AllConfirmAsync(s, sentAt + s.Limit), sentAt, _strand.Now);
            case LeaseStep.HandOver s:
                return _machine.HandedOver(s, await PutAsync(Ticket(s.After)), _strand.Now);
            case LeaseStep.GiveBack s:
                return _machine.GaveBack(
                    s.Ended, await PutAsync(Ticket(s.Ended with { Deadline = TimeSpan.Zero })), _strand.Now);
            case LeaseStep.Fence s:
                World.Say($"{_host.Name}: fences: {s.Why}");
                _postgres.Kill();
                await Task.Delay(World.Rng.Between(5, 60), _strand.Clock, CancellationToken.None);
                return _machine.Fenced(s.Of, s.Why, _strand.Now);
            default:
                throw new UnreachableException($"no effect for {step}");
        }
    }

    /// <summary>One after the other, as <c>MembersLink</c>.</summary>
    async ValueTask<bool> AllConfirmAsync(LeaseStep.AskMembers step, TimeSpan until)
    {
        foreach (var url in step.ApiUrls)
        {
            var address = new Uri(url).Host;
            if (Array.Find(World.Hosts, other => other.Address == address) is not { } peer || _strand.Now >= until)
                return false;
            var answer = await World.Net.AskAsync<bool>(
                _strand, _host.Index, peer.Index, Traffic.Rest, until - _strand.Now,
                () => peer.Supervisor?.Agent is { IsAlive: true }, reply => Ask(peer, step.Of.Term, reply));
            if (!answer.Value && !World.Has(Mutation.FailsafeUnasked))
                return false;
        }
        return true;
    }

    void Ask(Host peer, Term term, Action<Answer<bool>> reply) =>
        peer.Supervisor?.Agent?.Side.After(World.Rng.Between(0.3, 3), () =>
        {
            if (peer.Supervisor?.Agent is { } agent)
                reply(new Answer<bool>(AnswerKind.Answered, agent.Failsafe.Answer(_host.Name, term) is null));
        });

    async ValueTask<bool> PutAsync(FenceTicket ticket)
    {
        var answer = new TaskCompletionSource<bool>();
        var limit = _strand.After(s_handOverLimit, () => answer.TrySetResult(false));
        _host.Supervisor?.Strand.After(World.Rng.Mostly(0.1, 0.6, 0.01, 60), () =>
        {
            var taken = _host.Supervisor?.Put(ticket) ?? false;
            _strand.After(World.Rng.Between(0.1, 0.4), () => answer.TrySetResult(taken));
        });
        var isTaken = await answer.Task;
        limit.IsCancelled = true;
        return isTaken;
    }

    FenceTicket Ticket(LeaseState state) =>
        state.Ticket(_host.BootId, _postgres.Postmaster, cgroup: null, SupervisorProcess.DataDirectory);
}
