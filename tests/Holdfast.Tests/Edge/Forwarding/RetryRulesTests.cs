using Holdfast.Edge;
using Holdfast.Edge.Forwarding;
using Shouldly;
using Xunit;
using static Holdfast.Edge.Forwarding.Ending;
using static Holdfast.Edge.Forwarding.NextStep;

namespace Holdfast.Tests.Edge.Forwarding;

public sealed class RetryRulesTests
{
    [Theory]
    // How it ended: what a safe request does next, with another instance and without; what any other does.
    [InlineData(Answered, PassOn, PassOn, PassOn, PassOn)]
    [InlineData(AnsweredFailure, TryAnother, PassOn, PassOn, PassOn)]
    [InlineData(NotConnected, TryAnother, Fail, TryAnother, Fail)]
    [InlineData(Stale, TryAgain, TryAgain, TryAgain, TryAgain)]
    [InlineData(Broken, TryAnother, Fail, Fail, Fail)]
    [InlineData(TimedOut, TryAnother, Fail, Fail, Fail)]
    [InlineData(TakenOut, TryAnother, Fail, Fail, Fail)]
    [InlineData(BodyFailed, Fail, Fail, Fail, Fail)]
    [InlineData(ClientGone, Forget, Forget, Forget, Forget)]
    internal void Only_what_is_safe_or_was_not_sent_is_sent_again(
        Ending ending, NextStep safe, NextStep safeAlone, NextStep other, NextStep otherAlone)
    {
        Next(ending, isSafe: true, hasAnother: true).ShouldBe(safe);
        Next(ending, isSafe: true, hasAnother: false).ShouldBe(safeAlone);
        Next(ending, isSafe: false, hasAnother: true).ShouldBe(other);
        Next(ending, isSafe: false, hasAnother: false).ShouldBe(otherAlone);
    }

    [Theory]
    [InlineData(AnsweredFailure, PassOn)]
    [InlineData(NotConnected, Fail)]
    [InlineData(Stale, Fail)]
    [InlineData(Broken, Fail)]
    internal void A_body_that_is_gone_can_not_be_sent_again(Ending ending, NextStep expected) =>
        RetryRules.Decide(new RetryFacts(ending, true, CanReplay: false, true, 1, 0)).ShouldBe(expected);

    [Fact]
    public void Retries_end()
    {
        var last = EdgeLimits.AttemptsMax;
        RetryRules.Decide(new RetryFacts(Broken, true, true, true, last, 0)).ShouldBe(Fail);
        RetryRules.Decide(new RetryFacts(AnsweredFailure, true, true, true, last, 0)).ShouldBe(PassOn);
        var stale = EdgeLimits.StaleConnectionsMax;
        RetryRules.Decide(new RetryFacts(Stale, true, true, true, 0, stale)).ShouldBe(TryAgain);
        RetryRules.Decide(new RetryFacts(Stale, true, true, true, 0, stale + 1)).ShouldBe(Fail);
    }

    [Fact]
    public void Every_ending_is_decided()
    {
        foreach (var ending in Enum.GetValues<Ending>())
            Should.NotThrow(() => Next(ending, isSafe: true, hasAnother: true));
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("HEAD", true)]
    [InlineData("OPTIONS", true)]
    [InlineData("POST", false)]
    [InlineData("PUT", false)]
    [InlineData("DELETE", false)]
    [InlineData("PATCH", false)]
    [InlineData("get", false)]
    public void Methods_are_safe_by_the_standard(string method, bool isSafe) =>
        RetryRules.IsSafe(method).ShouldBe(isSafe);

    static NextStep Next(Ending ending, bool isSafe, bool hasAnother) =>
        RetryRules.Decide(new RetryFacts(ending, isSafe, CanReplay: true, hasAnother, Attempts: 1, Stale: 0));
}
