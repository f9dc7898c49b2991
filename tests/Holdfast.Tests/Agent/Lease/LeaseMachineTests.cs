using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Lease;

public sealed class LeaseMachineTests
{
    static readonly LeaseTimes Times = new(TimeSpan.FromSeconds(3));
    static readonly LeaseState Won = new(new Term(47), ModRevision: 7, LeaseId: 1, Deadline: default, RaftTerm: 0);

    bool _writes;
    readonly LeaseMachine _machine;

    public LeaseMachineTests() => _machine = new LeaseMachine(Times, () => _writes, NullLogger.Instance);

    static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    static RenewalAnswer Alive(double sentAt, long raftTerm = 3) =>
        new(RenewalOutcome.Confirmed, At(sentAt), TimeSpan.FromSeconds(3), raftTerm, "");

    static readonly RenewalAnswer Silence = new(RenewalOutcome.Unknown, default, default, 0, "no answer");

    /// <summary>A lease that counts, renewed at second 10.</summary>
    LeaseState Counted()
    {
        _machine.Begin(Won, Times);
        var first = _machine.Next(At(9.9)).ShouldBeOfType<LeaseStep.Renew>();
        var second = _machine.Renewed(first.Of, Alive(9.9), At(9.95)).ShouldBeOfType<LeaseStep.Renew>();
        _machine.MayWrite(At(9.95)).ShouldBeFalse();
        var hand = _machine.Renewed(second.Of, Alive(10), At(10.01)).ShouldBeOfType<LeaseStep.HandOver>();
        _machine.MayWrite(At(10.01)).ShouldBeFalse();
        _machine.HandedOver(hand, taken: true, At(10.02)).ShouldBeOfType<LeaseStep.Rest>().Until.ShouldBe(At(10.5));
        return _machine.State!;
    }

    [Fact]
    public void A_lease_counts_from_when_the_keep_alive_was_sent_and_only_once_the_supervisor_has_it()
    {
        Counted().Deadline.ShouldBe(At(12.5));
        _machine.MayWrite(At(12.49)).ShouldBeTrue();
        _machine.MayWrite(At(12.5)).ShouldBeFalse();
    }

    [Fact]
    public void A_deadline_that_the_supervisor_did_not_take_does_not_count()
    {
        var lease = Counted();
        var hand = _machine.Renewed(lease, Alive(10.5), At(10.6)).ShouldBeOfType<LeaseStep.HandOver>();
        _machine.HandedOver(hand, taken: false, At(10.7));
        _machine.State!.Deadline.ShouldBe(At(12.5));
    }

    [Fact]
    public void Past_the_deadline_it_fences()
    {
        var lease = Counted();
        _machine.Renewed(lease, Silence, At(12.4));
        var fence = _machine.Next(At(12.5)).ShouldBeOfType<LeaseStep.Fence>();
        _machine.Fenced(fence.Of, fence.Why, At(12.55)).ShouldBeOfType<LeaseStep.GiveBack>();
        _machine.State.ShouldBeNull();
    }

    [Fact]
    public void A_loop_that_hangs_for_ten_seconds_lets_the_lease_end()
    {
        _machine.Turned(At(0.4));
        Counted();
        _machine.Next(At(10.5)).ShouldBe(new LeaseStep.Rest(At(12.5)));
        _machine.Turned(At(10.6));
        _machine.Next(At(10.6)).ShouldBeOfType<LeaseStep.Renew>();
    }

    [Fact]
    public void A_lost_lock_fences_at_once()
    {
        var lease = Counted();
        _machine.Renewed(lease, new(RenewalOutcome.Lost, At(10.5), default, 3, "gone"), At(10.6))
            .ShouldBeOfType<LeaseStep.Fence>();
    }

    [Fact]
    public void Another_raft_term_asks_for_a_fresh_lease_and_a_new_term()
    {
        var lease = Counted();
        var replace = _machine.Renewed(lease, Alive(10.5, raftTerm: 4), At(10.6)).ShouldBeOfType<LeaseStep.Replace>();
        var hand = _machine.Replaced(
            replace.Of, new(RenewalOutcome.Confirmed, At(10.6), TimeSpan.FromSeconds(3), 2, 9, 4, ""), At(10.7))
            .ShouldBeOfType<LeaseStep.HandOver>();
        _machine.HandedOver(hand, taken: true, At(10.7));
        // The base of the terms, 40, stays.
        _machine.State.ShouldBe(new LeaseState(new Term(49), 9, 2, At(13.1), 4));
    }

    [Fact]
    public void A_store_that_gives_an_older_term_was_set_back_and_is_not_believed()
    {
        var replace = _machine.Renewed(Counted(), Alive(10.5, raftTerm: 4), At(10.6))
            .ShouldBeOfType<LeaseStep.Replace>();
        _machine.Replaced(
            replace.Of, new(RenewalOutcome.Confirmed, At(10.6), TimeSpan.FromSeconds(3), 2, 6, 4, ""), At(10.7))
            .ShouldBeOfType<LeaseStep.Fence>();
    }

    [Fact]
    public void A_term_that_is_to_be_left_gets_a_fresh_lease()
    {
        Counted();
        _machine.LeaveTerm(new Term(47));
        _machine.Next(At(10.1)).ShouldBeOfType<LeaseStep.Replace>();
        _machine.LeaveTerm(new Term(46));
        _machine.Next(At(10.1)).ShouldBeOfType<LeaseStep.Renew>();
    }

    [Fact]
    public void When_the_base_of_terms_is_raised_the_same_lock_is_of_a_newer_term()
    {
        var before = Counted();
        _machine.RaiseBase(_machine.TermBase + 1000);
        _machine.State.ShouldBe(before with { Term = new Term(before.Term.Value + 1000) });
        _machine.MayWrite(At(10.1)).ShouldBeTrue();
        _machine.Next(At(10.1)).ShouldBeOfType<LeaseStep.Renew>();
        _machine.RaiseBase(_machine.TermBase);
        _machine.State!.Term.Value.ShouldBe(before.Term.Value + 1000);
    }

    [Fact]
    public void In_a_silent_store_the_members_are_asked_and_all_must_confirm()
    {
        var lease = Counted();
        _machine.Failsafe(new FailsafeMembers(["http://n2:8008"]));
        var ask = _machine.Renewed(lease, Silence, At(10.9)).ShouldBeOfType<LeaseStep.AskMembers>();
        _machine.Confirmed(ask.Of, all: false, At(10.9), At(10.92)).ShouldBeOfType<LeaseStep.Rest>();
        _machine.OnFailsafe.ShouldBeFalse();
        var hand = _machine.Confirmed(ask.Of, all: true, At(10.9), At(11)).ShouldBeOfType<LeaseStep.HandOver>();
        hand.After.Deadline.ShouldBe(At(13.4));
        _machine.HandedOver(hand, taken: true, At(11));
        _machine.OnFailsafe.ShouldBeTrue();
    }

    [Fact]
    public void A_store_that_returns_without_the_lock_gives_it_to_who_went_on_with_the_members_word()
    {
        var lease = Counted();
        _machine.Failsafe(new FailsafeMembers(["http://n2:8008"]));
        var ask = _machine.Renewed(lease, Silence, At(10.9)).ShouldBeOfType<LeaseStep.AskMembers>();
        var hand = _machine.Confirmed(ask.Of, all: true, At(10.9), At(11)).ShouldBeOfType<LeaseStep.HandOver>();
        _machine.HandedOver(hand, taken: true, At(11));
        var lost = new RenewalAnswer(RenewalOutcome.Lost, At(11.4), default, 3, "the lease is gone");
        var again = _machine.Renewed(_machine.State!, lost, At(11.5)).ShouldBeOfType<LeaseStep.Replace>();
        again.ModRevision.ShouldBe(0);
        _machine.Replaced(again.Of, new(RenewalOutcome.Lost, At(11.5), default, 3, 0, 4, "somebody has it"), At(11.6))
            .ShouldBeOfType<LeaseStep.Fence>();
    }

    [Fact]
    public void Members_of_a_former_lease_are_not_asked()
    {
        _machine.Failsafe(new FailsafeMembers(["http://n2:8008"]));
        _machine.Renewed(Counted(), Silence, At(10.9)).ShouldBeOfType<LeaseStep.Rest>();
    }

    [Fact]
    public void Members_are_asked_for_the_new_term_of_a_lease_that_was_just_replaced()
    {
        var lease = Counted();
        _machine.Failsafe(new FailsafeMembers(["http://n2:8008"]));
        var replace = _machine.Renewed(lease, Alive(10.5, raftTerm: 4), At(10.6)).ShouldBeOfType<LeaseStep.Replace>();
        var hand = _machine
            .Replaced(
                replace.Of, new(RenewalOutcome.Confirmed, At(10.6), TimeSpan.FromSeconds(3), 2, 9, 4, ""), At(10.7))
            .ShouldBeOfType<LeaseStep.HandOver>();
        _machine.HandedOver(hand, taken: true, At(10.7));
        _machine.Renewed(_machine.State!, Silence, At(11.2)).ShouldBeOfType<LeaseStep.AskMembers>()
            .Of.Term.ShouldBe(new Term(49));
    }

    [Fact]
    public void Without_a_lease_a_writing_postgres_is_fenced_once_in_a_period()
    {
        _writes = true;
        var fence = _machine.Next(At(1)).ShouldBeOfType<LeaseStep.Fence>();
        _machine.Fenced(fence.Of, fence.Why, At(1)).ShouldBe(new LeaseStep.Rest(At(1.25)));
        _machine.Next(At(1.25)).ShouldBeOfType<LeaseStep.Fence>();
    }

    [Fact]
    public void A_supervisor_that_does_not_take_the_right_back_is_told_again_and_writers_are_looked_for_meanwhile()
    {
        Counted();
        _machine.End();
        var back = _machine.Next(At(10.1)).ShouldBeOfType<LeaseStep.GiveBack>();
        _machine.GaveBack(back.Ended, taken: false, At(10.2)).ShouldBeOfType<LeaseStep.Rest>();
        _writes = true;
        _machine.GaveBack(back.Ended, taken: false, At(10.5)).ShouldBeOfType<LeaseStep.Fence>();
        _machine.Next(At(10.8)).ShouldBeOfType<LeaseStep.GiveBack>();
    }

    [Fact]
    public void A_lease_is_inherited_only_on_its_boot_and_before_its_deadline()
    {
        FenceTicket Ticket(string boot) => new()
        {
            BootId = boot, DeadlineNs = 12_500_000_000, Term = 47, LeaseId = 1, ModRevision = 7, RaftTerm = 3,
            PostmasterPid = 0, PostmasterStart = 0, DataDirectory = "/data",
        };
        _machine.Inherit(Ticket("other"), "this", At(11));
        _machine.State.ShouldBeNull();
        _machine.Inherit(Ticket("this"), "this", At(12.5));
        _machine.State.ShouldBeNull();
        _machine.Inherit(Ticket("this"), "this", At(11));
        _machine.MayWrite(At(11)).ShouldBeTrue();
    }
}
