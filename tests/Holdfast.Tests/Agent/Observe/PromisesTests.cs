using Holdfast.Agent.Observe;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Store;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Observe;

public sealed class PromisesTests
{
    static readonly TimeSpan Ttl = TimeSpan.FromSeconds(3);

    readonly ManualClock _clock = new();
    readonly MemoryNotes _notes = new();

    Promises Open(string boot = "boot 1") => new(_notes, boot, _clock);

    [Fact]
    public void A_refusal_outlives_the_agent_and_only_grows()
    {
        Open().TryRefuse(new Term(7)).ShouldBeTrue();
        Open().TryRefuse(new Term(5)).ShouldBeTrue();
        Open().Refused.ShouldBe(new Term(7));
    }

    [Fact]
    public void A_refused_term_is_never_confirmed()
    {
        var promises = Open();
        promises.TryRefuse(new Term(7));
        promises.TryConfirm(new Term(7), Ttl).ShouldBeFalse();
        promises.TryConfirm(new Term(8), Ttl).ShouldBeTrue();
    }

    [Fact]
    public void A_promise_binds_for_ttl_at_least_and_then_ends()
    {
        var promises = Open();
        promises.TryConfirm(new Term(7), Ttl).ShouldBeTrue();
        _clock.Advance(TimeSpan.FromSeconds(2.9));
        promises.TryConfirm(new Term(7), Ttl).ShouldBeTrue();
        promises.Bound!.Value.ShouldBeGreaterThanOrEqualTo(Ttl);
        promises.TryRefuse(new Term(7)).ShouldBeFalse();
        _clock.Advance(2 * Ttl);
        promises.Bound.ShouldBeNull();
        promises.TryRefuse(new Term(7)).ShouldBeTrue();
    }

    [Fact]
    public void A_promise_outlives_the_agent_and_counts_anew_after_a_boot()
    {
        Open().TryConfirm(new Term(7), Ttl);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Open().Bound!.Value.ShouldBe(TimeSpan.FromSeconds(1));
        Open("boot 2").Bound!.Value.ShouldBe(2 * Ttl);
    }

    [Fact]
    public void After_a_newer_primary_an_older_one_is_not_confirmed()
    {
        var promises = Open();
        promises.TryConfirm(new Term(8), Ttl);
        promises.TryConfirm(new Term(7), Ttl).ShouldBeFalse();
    }
}
