using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;

namespace Holdfast.Agent.Lease;

/// <summary>
/// The leader lease as rules, without thread, socket or clock: a driver asks what is due, does it, and tells what came
/// of
/// it. One driver; the loop begins and ends leases and reads the state, from any thread.
/// </summary>
/// <param name="times">Until a lease begins with others.</param>
/// <param name="writesWithoutRight">True when a PostgreSQL runs here that is no standby. Must not wait.</param>
/// <param name="log">Of the agent.</param>
internal sealed class LeaseMachine(LeaseTimes times, Func<bool> writesWithoutRight, ILogger log)
{
    /// <summary>Without a lease it looks this often for a PostgreSQL that writes all the same.</summary>
    static readonly TimeSpan IdlePeriod = TimeSpan.FromSeconds(0.25);

    /// <summary>After a round that proved nothing the next begins this much later.</summary>
    static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>A loop that has not turned for so long hangs: nobody here decides any more, and another node
    /// should.</summary>
    static readonly TimeSpan LoopSilentMax = TimeSpan.FromSeconds(10);

    /// <summary>Less than this is not worth a round: the deadline comes first.</summary>
    static readonly TimeSpan RoundMin = TimeSpan.FromMilliseconds(20);

    readonly Lock _lock = new();
    LeaseTimes _times = times;
    volatile LeaseState? _state;
    volatile LeaseState? _ended;
    volatile FailsafeMembers? _failsafe;
    volatile bool _onFailsafe;
    TimeSpan _nextRound;
    long _turnedAtTicks; // 0: the loop has not begun yet.
    Term _freshFrom;

    /// <summary>Raised by the driver when a lease began to count, changed its term, or was lost.</summary>
    public event Action<string>? Changed;

    /// <summary>Raised when the loop changed what is due: the driver asks again.</summary>
    public event Action? Due;

    /// <summary>The lease, counted or not; null without one.</summary>
    public LeaseState? State => _state;

    /// <summary>What every term of this store is raised by; set with the lease that begins.</summary>
    public long TermBase { get; private set; }

    /// <summary>The deadline in force rests on the members' word, since the store is silent.</summary>
    public bool OnFailsafe => _onFailsafe;

    /// <summary>True while a counted lease is in force.</summary>
    public bool MayWrite(TimeSpan now) => _state is { IsCounted: true } state && now < state.Deadline;

    /// <summary>Takes over a lock that the loop has just won, or inherits one; the first renewal comes at
    /// once.</summary>
    public void Begin(LeaseState state, LeaseTimes asked)
    {
        lock (_lock)
        {
            _times = asked;
            TermBase = state.Term.Value - state.ModRevision;
            (_state, _ended, _onFailsafe, _failsafe) = (state, null, false, null);
            _nextRound = TimeSpan.Zero;
        }
        Due?.Invoke();
    }

    /// <summary>Goes on with what a former agent of this boot was granted, if its deadline is still to come.</summary>
    public void Inherit(FenceTicket? ticket, string bootId, TimeSpan now)
    {
        if (ticket is not { DeadlineNs: > 0 } || ticket.BootId != bootId)
            return;
        var deadline = BootClock.FromNanoseconds(ticket.DeadlineNs);
        if (now >= deadline)
            return;
        var term = new Term(ticket.Term);
        Begin(new LeaseState(term, ticket.ModRevision, ticket.LeaseId, deadline, ticket.RaftTerm), _times);
        log.LeaseInherited(term, (deadline - now).TotalMilliseconds);
    }

    /// <summary>Stops renewing: the caller has released the lock, and PostgreSQL does not write.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = _state;
            _state = null;
            _nextRound = TimeSpan.Zero;
        }
        Due?.Invoke();
    }

    /// <summary>A round now: PostgreSQL's process changed under the lease, or the lock may be lost.</summary>
    public void Refresh()
    {
        _nextRound = TimeSpan.Zero;
        Due?.Invoke();
    }

    /// <summary>The next round puts the lock on a fresh lease, for a term above <paramref name="term"/>.</summary>
    public void LeaveTerm(Term term)
    {
        _freshFrom = term;
        Refresh();
    }

    /// <summary>The base of all terms was raised, as after a restoration of the store: the same lock is of a newer
    /// term.</summary>
    public void RaiseBase(long termBase)
    {
        lock (_lock)
        {
            if (termBase <= TermBase || _state is not { } state)
                return;
            TermBase = termBase;
            _state = state with { Term = new Term(termBase + state.ModRevision) };
            _nextRound = TimeSpan.Zero;
        }
        Due?.Invoke();
    }

    /// <summary>The loop turns, and so is alive.</summary>
    public void Turned(TimeSpan now) => Volatile.Write(ref _turnedAtTicks, now.Ticks);

    /// <summary>Who must confirm the term while the store is silent; null: nobody is asked, and the deadline
    /// holds. Stays for as long as the lock does, whatever its term: nobody but its holder writes the list.</summary>
    public void Failsafe(FailsafeMembers? members) => _failsafe = members;

    /// <summary>What is due now.</summary>
    public LeaseStep Next(TimeSpan now)
    {
        if (_state is not { } state)
            return WithoutLease(now);
        if (state.IsCounted && now >= state.Deadline)
            return new LeaseStep.Fence(state, "the deadline has passed");
        if (now < _nextRound)
            return new LeaseStep.Rest(state.IsCounted && state.Deadline < _nextRound ? state.Deadline : _nextRound);
        if (state.IsCounted && LoopHangs(now))
        {
            log.LoopSilent(state.Term, LoopSilentMax.TotalSeconds);
            return new LeaseStep.Rest(state.Deadline);
        }
        if (Limit(state, now) is not { } limit)
            return new LeaseStep.Rest(state.Deadline);
        return state.RaftTerm != 0 && state.IsCounted && state.Term <= _freshFrom
            ? new LeaseStep.Replace(state, state.ModRevision, _times.Ttl, limit)
            : new LeaseStep.Renew(state, limit);
    }

    static LeaseStep.Fence WritesWithoutLease => new(null, "PostgreSQL runs as a primary without any lease");

    bool LoopHangs(TimeSpan now) =>
        Volatile.Read(ref _turnedAtTicks) is not 0 and var turned && now.Ticks - turned > LoopSilentMax.Ticks;

    LeaseStep WithoutLease(TimeSpan now)
    {
        if (_ended is { } ended && now >= _nextRound)
            return new LeaseStep.GiveBack(ended);
        return now >= _nextRound && writesWithoutRight()
            ? WritesWithoutLease
            : new LeaseStep.Rest(now + IdlePeriod);
    }

    public LeaseStep Renewed(LeaseState of, RenewalAnswer answer, TimeSpan now)
    {
        switch (answer.Outcome)
        {
            case RenewalOutcome.Lost when _onFailsafe && of.IsCounted && Limit(of, now) is { } limit:
                // The store is back, and meanwhile it ended the lease. The members let nobody else have the lock until
                // after our deadline: we may take it again, if nobody has it.
                return new LeaseStep.Replace(of, ModRevision: 0, _times.Ttl, limit);
            case RenewalOutcome.Lost:
                return new LeaseStep.Fence(of, $"the store says that the lock is not ours: {answer.Why}");
            case RenewalOutcome.Confirmed when of.RaftTerm == 0:
                // The first round only learns the raft term; the next can count. A stale etcd leader has no way to do
                // both.
                Publish(of, of with { RaftTerm = answer.RaftTerm }, why: null, TimeSpan.Zero);
                return Next(now);
            case RenewalOutcome.Confirmed when answer.RaftTerm != of.RaftTerm:
                // A new etcd leader renews every lease in full and may forget what the old one promised: a fresh lease
                // is certain.
                return Limit(of, now) is { } left
                    ? new LeaseStep.Replace(of, of.ModRevision, _times.Ttl, left)
                    : new LeaseStep.Rest(of.Deadline);
            case RenewalOutcome.Confirmed:
                _onFailsafe = false;
                return new LeaseStep.HandOver(of, of with { Deadline = _times.Deadline(answer.SentAt, answer.Ttl) },
                    answer.SentAt + _times.RenewEvery);
            default:
                log.RenewalUnknown(of.Term, answer.Why);
                return ProvedNothing(of, now);
        }
    }

    public LeaseStep Replaced(LeaseState of, ReplaceAnswer answer, TimeSpan now)
    {
        switch (answer.Outcome)
        {
            case RenewalOutcome.Lost:
                return new LeaseStep.Fence(of, $"the lock is not ours under raft term {answer.RaftTerm}: {answer.Why}");
            case RenewalOutcome.Confirmed:
                var after = new LeaseState(
                    new Term(TermBase + answer.ModRevision), answer.ModRevision, answer.Lease,
                    _times.Deadline(answer.SentAt, answer.Ttl), answer.RaftTerm);
                if (after.Term <= of.Term)
                    return new LeaseStep.Fence(of, $"the store went back: it gives term {after.Term} now");
                log.LeaseReplaced(of.Term, answer.RaftTerm, answer.ModRevision);
                _onFailsafe = false;
                return new LeaseStep.HandOver(of, after, answer.SentAt + _times.RenewEvery);
            default:
                log.RenewalUnknown(of.Term, answer.Why);
                return ProvedNothing(of, now);
        }
    }

    LeaseStep ProvedNothing(LeaseState of, TimeSpan now)
    {
        _nextRound = now + AgainAfter;
        return of.IsCounted && _failsafe is { } members && Limit(of, now) is { } limit
            ? new LeaseStep.AskMembers(of, members.ApiUrls, limit)
            : Next(now);
    }

    /// <param name="of">The lease that was asked about.</param>
    /// <param name="all">Every member confirmed the term.</param>
    /// <param name="sentAt">CLOCK_BOOTTIME before the first request was sent: what the deadline counts from.</param>
    /// <param name="now">CLOCK_BOOTTIME.</param>
    public LeaseStep Confirmed(LeaseState of, bool all, TimeSpan sentAt, TimeSpan now)
    {
        var deadline = _times.Deadline(sentAt, _times.Ttl);
        if (!all || deadline <= of.Deadline)
            return Next(now);
        _onFailsafe = true;
        return new LeaseStep.HandOver(of, of with { Deadline = deadline }, sentAt + _times.RenewEvery);
    }

    /// <summary>A renewal counts only once the second owner of the deadline has it.</summary>
    public LeaseStep HandedOver(LeaseStep.HandOver step, bool taken, TimeSpan now)
    {
        var (before, after) = (step.Before, step.After);
        if (taken)
        {
            var why = !before.IsCounted || before.Term != after.Term ? $"lease of term {after.Term} counts" : null;
            Publish(before, after, why, step.NextRound);
            return Next(now);
        }
        log.SupervisorSilent(before.Term);
        // The lease on the key may have been replaced all the same: what names it must not be forgotten.
        Publish(before, after with { Deadline = before.Deadline }, why: null, now + AgainAfter);
        return Next(now);
    }

    public LeaseStep GaveBack(LeaseState ended, bool taken, TimeSpan now)
    {
        lock (_lock)
        {
            if (taken && ReferenceEquals(_ended, ended))
                _ended = null;
            if (_state is null)
                _nextRound = taken ? TimeSpan.Zero : now + IdlePeriod;
        }
        return !taken && _state is null && writesWithoutRight() ? WritesWithoutLease : Next(now);
    }

    /// <summary>PostgreSQL is dead.</summary>
    public LeaseStep Fenced(LeaseState? of, string why, TimeSpan now)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_state, of) && of is not null)
                (_state, _ended) = (null, of);
            _onFailsafe = false;
            if (_state is null)
                _nextRound = of is null ? now + IdlePeriod : TimeSpan.Zero;
        }
        Changed?.Invoke($"fenced: {why}");
        return Next(now);
    }

    /// <summary>How long a question may take; null when there is no time for one before the deadline.</summary>
    static TimeSpan? Limit(LeaseState state, TimeSpan now)
    {
        var left = state.IsCounted ? state.Deadline - now : LeaseTimes.RenewLimit;
        return left < RoundMin ? null : left < LeaseTimes.RenewLimit ? left : LeaseTimes.RenewLimit;
    }

    // Begin and End may have come meanwhile; they win.
    void Publish(LeaseState before, LeaseState after, string? why, TimeSpan nextRound)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_state, before))
                return;
            (_state, _nextRound) = (after, nextRound);
        }
        if (why is not null)
            Changed?.Invoke(why);
    }
}

/// <summary>The other members that must all confirm a term, by their REST addresses.</summary>
internal sealed record FailsafeMembers(ImmutableArray<string> ApiUrls);
