using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;

namespace Holdfast.Agent.Lease;

/// <summary>
/// Renews the leader lease and fences PostgreSQL when it can't, on a thread of its own that shares nothing with the
/// rest of
/// the process: no thread pool, no HttpClient, no lock that another thread holds for long. Everything it knows is one
/// <see cref="LeaseState"/> that others read.
/// </summary>
internal sealed class LeaseKeeper : IDisposable
{
    /// <summary>Without a lease it looks this often for a PostgreSQL that writes all the same.</summary>
    static readonly TimeSpan IdlePeriod = TimeSpan.FromSeconds(0.25);

    /// <summary>After a round that proved nothing the next begins this much later.</summary>
    static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>Less than this is not worth a round: the deadline comes first.</summary>
    static readonly TimeSpan RoundMin = TimeSpan.FromMilliseconds(20);

    readonly Lock _lock = new();
    readonly BootTimer _timer = new();
    readonly LeaseOwner _owner;
    readonly IHeartbeat _heartbeat;
    readonly IFenceLink _link;
    readonly ILogger _log;
    readonly Thread _thread;
    LeaseTimes _times;
    volatile LeaseState? _state;
    volatile LeaseState? _ended;
    volatile bool _stopping;
    TimeSpan _nextRound;

    public LeaseKeeper(LeaseOwner owner, IHeartbeat heartbeat, IFenceLink link, LeaseTimes times, ILogger log)
    {
        (_owner, _heartbeat, _link, _times, _log) = (owner, heartbeat, link, times, log);
        // Before the first turn of the loop: a PostgreSQL that may write keeps its right, and no other.
        Inherit();
        _thread = new Thread(Run) { IsBackground = true, Name = "lease", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>Raised from the lease's thread when a lease began to count, changed its term, or was lost.</summary>
    public event Action<string>? Changed;

    /// <summary>The lease, counted or not; null without one.</summary>
    public LeaseState? State => _state;

    /// <summary>True while a counted lease is in force, by the clock.</summary>
    public bool MayWrite => _state is { IsCounted: true } state && BootClock.Now < state.Deadline;

    /// <summary>Takes over a lock that the loop has just won; the first renewal comes at once.</summary>
    public void Begin(LeaseState state, LeaseTimes times)
    {
        lock (_lock)
        {
            _times = times;
            _state = state;
            _nextRound = TimeSpan.Zero;
        }
        _timer.Set(TimeSpan.Zero);
    }

    /// <summary>Stops renewing: the caller has released the lock, and PostgreSQL does not write.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = _state;
            _state = null;
        }
        _timer.Set(TimeSpan.Zero);
    }

    /// <summary>Hands the ticket over again, when PostgreSQL's process changed under the lease. Takes effect with the
    /// next round.</summary>
    public void Refresh()
    {
        _nextRound = TimeSpan.Zero;
        _timer.Set(TimeSpan.Zero);
    }

    void Inherit()
    {
        if (_link.TryGet() is not { DeadlineNs: > 0 } ticket || ticket.BootId != BootClock.BootId)
            return;
        var deadline = BootClock.FromNanoseconds(ticket.DeadlineNs);
        if (BootClock.Now >= deadline)
            return;
        var term = new Term(ticket.Term);
        _state = new LeaseState(term, ticket.ModRevision, ticket.LeaseId, deadline, ticket.RaftTerm);
        _log.LeaseInherited(term, (deadline - BootClock.Now).TotalMilliseconds);
    }

    void Run()
    {
        while (!_stopping)
        {
            _timer.Set(Turn(BootClock.Now));
            _timer.Wait();
        }
    }

    /// <summary>One look at clock and lease; returns when the next is due.</summary>
    TimeSpan Turn(TimeSpan now)
    {
        if (_state is not { } state)
        {
            if (_ended is { } ended && _link.TryPut(_owner.Ticket(ended with { Deadline = TimeSpan.Zero })))
                _ended = null;
            if (_owner.WritesWithoutRight())
                Fence(state: null, "PostgreSQL runs as a primary without any lease");
            return now + IdlePeriod;
        }
        if (state.IsCounted && now >= state.Deadline)
        {
            Fence(state, "the deadline has passed");
            return now + IdlePeriod;
        }
        if (now >= _nextRound)
            _nextRound = Round(state, now);
        return _state is { IsCounted: true } after && after.Deadline < _nextRound ? after.Deadline : _nextRound;
    }

    TimeSpan Round(LeaseState state, TimeSpan now)
    {
        if (Limit(state, now) is not { } limit)
            return state.Deadline;
        var answer = _heartbeat.Renew(_owner.LeaderKey, state.ModRevision, state.LeaseId, limit);
        switch (answer.Outcome)
        {
            case RenewalOutcome.Lost:
                Fence(state, $"the store says that the lock is not ours: {answer.Why}");
                return now + IdlePeriod;
            case RenewalOutcome.Confirmed when state.RaftTerm != 0 && answer.RaftTerm != state.RaftTerm:
                return Replace(state, answer.RaftTerm);
            case RenewalOutcome.Confirmed when state.RaftTerm == 0:
                // The first round only learns the raft term; the next can count. A stale etcd leader has no way to do
                // both.
                Publish(state, state with { RaftTerm = answer.RaftTerm }, why: null);
                return BootClock.Now;
            case RenewalOutcome.Confirmed:
                return Count(state, state with { Deadline = _times.Deadline(answer.SentAt, answer.Ttl) },
                    answer.SentAt);
            default:
                _log.RenewalUnknown(state.Term, answer.Why);
                return BootClock.Now + AgainAfter;
        }
    }

    /// <summary>How long a question may take; null when there is no time for one before the deadline.</summary>
    static TimeSpan? Limit(LeaseState state, TimeSpan now)
    {
        var left = state.IsCounted ? state.Deadline - now : LeaseTimes.RenewLimit;
        return left < RoundMin ? null : left < LeaseTimes.RenewLimit ? left : LeaseTimes.RenewLimit;
    }

    // A new etcd leader renews every lease in full and may forget what the old one promised: a fresh lease is certain.
    TimeSpan Replace(LeaseState state, long raftTerm)
    {
        if (Limit(state, BootClock.Now) is not { } limit)
            return state.Deadline;
        var answer = _heartbeat.Replace(_owner.LeaderKey, _owner.Name, state.ModRevision, _times.Ttl, limit);
        switch (answer.Outcome)
        {
            case RenewalOutcome.Lost:
                Fence(state, $"the lock is not ours under raft term {raftTerm}: {answer.Why}");
                return BootClock.Now + IdlePeriod;
            case RenewalOutcome.Confirmed:
                _log.LeaseReplaced(state.Term, answer.RaftTerm, answer.ModRevision);
                var next = new LeaseState(
                    new Term(_owner.TermBase + answer.ModRevision), answer.ModRevision, answer.Lease,
                    _times.Deadline(answer.SentAt, answer.Ttl), answer.RaftTerm);
                return Count(state, next, answer.SentAt);
            default:
                _log.RenewalUnknown(state.Term, answer.Why);
                return BootClock.Now + AgainAfter;
        }
    }

    // A renewal counts only once the second owner of the deadline has it.
    TimeSpan Count(LeaseState before, LeaseState after, TimeSpan sentAt)
    {
        if (!_link.TryPut(_owner.Ticket(after)))
        {
            _log.SupervisorSilent(before.Term);
            // The lease on the key may have been replaced all the same: what names it must not be forgotten.
            Publish(before, after with { Deadline = before.Deadline }, why: null);
            return BootClock.Now + AgainAfter;
        }
        Publish(before, after, !before.IsCounted || before.Term != after.Term ? $"lease of term {after.Term} counts"
            : null);
        return sentAt + _times.RenewEvery;
    }

    // Begin and End may have come meanwhile; they win.
    void Publish(LeaseState before, LeaseState after, string? why)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_state, before))
                return;
            _state = after;
        }
        if (why is not null)
            Changed?.Invoke(why);
    }

    void Fence(LeaseState? state, string why)
    {
        var started = BootClock.Now;
        _owner.Kill();
        _log.Fenced(why, state?.Term ?? Term.None, (BootClock.Now - started).TotalMilliseconds);
        lock (_lock)
        {
            if (ReferenceEquals(_state, state))
                _state = null;
        }
        if (state is not null)
            _link.TryPut(_owner.Ticket(state with { Deadline = TimeSpan.Zero }));
        Changed?.Invoke($"fenced: {why}");
    }

    public void Dispose()
    {
        _stopping = true;
        _timer.Set(TimeSpan.Zero);
        _thread.Join();
        _timer.Dispose();
        _heartbeat.Dispose();
    }
}
