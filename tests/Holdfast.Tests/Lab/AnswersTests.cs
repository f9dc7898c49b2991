using Holdfast.Lab.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class AnswersTests
{
    static Promise Of(Told told, string? code, bool atEnd, double endedMs = 0) =>
        new(new Row(1, 1), told, code, atEnd, BeganMs: 0, endedMs);

    [Fact]
    public void Doubt_before_the_commit_is_none() => Answers.Of(
    [
        Of(Told.InDoubt, TellRules.Unknown, atEnd: true), Of(Told.InDoubt, TellRules.Broken, atEnd: true),
        Of(Told.RolledBack, TellRules.Unknown, atEnd: false), Of(Told.RolledBack, TellRules.Broken, atEnd: false),
        Of(Told.RolledBack, "40001", atEnd: true),
    ]).ShouldBe(new Answers(Unknown: 1, UnknownBefore: 1, Broken: 1, LongestGapMs: 0));

    [Fact]
    public void The_longest_gap_is_between_successes_of_all_clients() => Answers.Of(
    [
        Of(Told.Committed, null, atEnd: true, 10), Of(Told.Committed, null, atEnd: true, 500),
        Of(Told.InDoubt, TellRules.Unknown, atEnd: true, 300), Of(Told.Committed, null, atEnd: true, 20),
    ]).LongestGapMs.ShouldBe(480);
}
