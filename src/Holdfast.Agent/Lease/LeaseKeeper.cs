using System.Diagnostics;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;

namespace Holdfast.Agent.Lease;

/// <summary>
/// Drives the lease on a thread of its own that shares nothing with the rest of the process: no thread pool, no
/// HttpClient, no lock that another thread holds for long.
/// </summary>
internal sealed class LeaseKeeper : IDisposable
{
    readonly BootTimer _timer = new();
    readonly LeaseMachine _machine;
    readonly LeaseOwner _owner;
    readonly IHeartbeat _heartbeat;
    readonly IFenceLink _link;
    readonly IMembersLink _members;
    readonly ILogger _log;
    readonly Thread _thread;
    volatile bool _stopping;

    public LeaseKeeper(
        LeaseMachine machine, LeaseOwner owner, IHeartbeat heartbeat, IFenceLink link, IMembersLink members,
        ILogger log)
    {
        (_machine, _owner, _heartbeat, _link, _members, _log) = (machine, owner, heartbeat, link, members, log);
        _machine.Due += Wake;
        _thread = new Thread(Run) { IsBackground = true, Name = "lease", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    void Wake() => _timer.Set(TimeSpan.Zero);

    void Run()
    {
        _ = UrgentThread.TryRaise();
        while (!_stopping)
        {
            var step = _machine.Next(BootClock.Now);
            while (step is not LeaseStep.Rest)
                step = Do(step);
            var due = ((LeaseStep.Rest)step).Until;
            _timer.Set(due);
            _timer.Wait();
            LeaseMetrics.Woke(BootClock.Now - due);
        }
    }

    LeaseStep Do(LeaseStep step)
    {
        switch (step)
        {
            case LeaseStep.Renew s:
                var renewed = _heartbeat.Renew(_owner.LeaderKey, s.Of.ModRevision, s.Of.LeaseId, s.Limit);
                return _machine.Renewed(s.Of, renewed, BootClock.Now);
            case LeaseStep.Replace s:
                var replaced = _heartbeat.Replace(_owner.LeaderKey, _owner.Name, s.ModRevision, s.Ttl, s.Limit);
                return _machine.Replaced(s.Of, replaced, BootClock.Now);
            case LeaseStep.AskMembers s:
                var sentAt = BootClock.Now;
                var all = _members.AllConfirm(s.ApiUrls, s.Of.Term, sentAt + s.Limit);
                return _machine.Confirmed(s.Of, all, sentAt, BootClock.Now);
            case LeaseStep.HandOver s:
                return _machine.HandedOver(s, _link.TryPut(_owner.Ticket(s.After)), BootClock.Now);
            case LeaseStep.GiveBack s:
                var taken = _link.TryPut(_owner.Ticket(s.Ended with { Deadline = TimeSpan.Zero }));
                return _machine.GaveBack(s.Ended, taken, BootClock.Now);
            case LeaseStep.Fence s:
                return Fence(s);
            default:
                throw new UnreachableException($"no effect for {step}");
        }
    }

    LeaseStep Fence(LeaseStep.Fence step)
    {
        var started = BootClock.Now;
        _owner.Kill();
        _log.Fenced(step.Why, step.Of?.Term ?? Term.None, (BootClock.Now - started).TotalMilliseconds);
        return _machine.Fenced(step.Of, step.Why, BootClock.Now);
    }

    public void Dispose()
    {
        _stopping = true;
        Wake();
        _thread.Join();
        _timer.Dispose();
        _heartbeat.Dispose();
        _members.Dispose();
    }
}
