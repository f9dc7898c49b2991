using Holdfast.Lab.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class TellRulesTests
{
    static WireAnswer Refusal(string severity, string code, bool isWhole = true) =>
        new(isWhole, "", new WireError(severity, code, "no"), 'I', []);

    static WireAnswer Success(string tag, bool isWhole = true) => new(isWhole, tag, null, 'I', []);

    [Theory]
    [InlineData("COMMIT", nameof(Told.Committed))]
    [InlineData("INSERT 0 1", nameof(Told.Committed))]
    [InlineData("ROLLBACK", nameof(Told.RolledBack))]
    public void Success_is_what_its_tag_says(string tag, string told) =>
        TellRules.AtEnd(Success(tag)).ToString().ShouldBe(told);

    [Fact]
    public void Success_is_told_by_ReadyForQuery_alone() =>
        (TellRules.AtEnd(Success("COMMIT", isWhole: false)), TellRules.Code(Success("COMMIT", isWhole: false)))
            .ShouldBe((Told.InDoubt, TellRules.Broken));

    [Theory]
    [InlineData("ERROR", "40001", nameof(Told.RolledBack))]
    [InlineData("ERROR", "57014", nameof(Told.RolledBack))]
    [InlineData("ERROR", "08007", nameof(Told.InDoubt))]
    [InlineData("ERROR", "40003", nameof(Told.InDoubt))]
    [InlineData("FATAL", "57P01", nameof(Told.InDoubt))]
    public void An_error_proves_something_unless_it_ends_the_session_or_says_so(
        string severity, string code, string told) =>
        TellRules.AtEnd(Refusal(severity, code)).ToString().ShouldBe(told);

    [Fact]
    public void An_end_of_the_connection_behind_an_error_is_doubt() =>
        TellRules.AtEnd(Refusal("ERROR", "40001", isWhole: false)).ShouldBe(Told.InDoubt);
}
