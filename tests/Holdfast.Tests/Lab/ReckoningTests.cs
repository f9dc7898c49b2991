using Holdfast.Lab.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class ReckoningTests
{
    static readonly Row First = new(1, 1), Second = new(1, 2);

    static Promise Of(Row row, Told told) => new(row, told, null, AtEnd: true, BeganMs: 0, EndedMs: 1);

    static Reckoning Reckon(Told told, params Row[] table) => Reckoning.Of([Of(First, told)], table);

    [Theory]
    [InlineData(nameof(Told.Committed), true, 0)]
    [InlineData(nameof(Told.Committed), false, 1)]
    [InlineData(nameof(Told.RolledBack), true, 1)]
    [InlineData(nameof(Told.RolledBack), false, 0)]
    [InlineData(nameof(Told.InDoubt), true, 0)]
    [InlineData(nameof(Told.InDoubt), false, 0)]
    public void What_was_told_must_be_so_and_doubt_is_right_either_way(string told, bool isThere, int wrong) =>
        Reckon(Enum.Parse<Told>(told), isThere ? [First] : []).Wrong.ShouldBe(wrong);

    [Theory, InlineData(nameof(Told.Committed)), InlineData(nameof(Told.InDoubt))]
    public void Nothing_may_be_there_twice(string told) =>
        Reckon(Enum.Parse<Told>(told), First, First).Twice.ShouldBe(1);

    [Fact]
    public void Nothing_may_be_there_that_nobody_sent() =>
        Reckon(Told.Committed, First, Second).ShouldSatisfyAllConditions(
            reckoning => reckoning.Foreign.ShouldBe(1), reckoning => reckoning.Lost.ShouldBe(0));

    [Fact]
    public void What_is_wrong_is_named() =>
        Reckon(Told.Committed).Examples.ShouldHaveSingleItem().ShouldContain("lost");

    [Fact]
    public void Rounds_add_up()
    {
        var sum = Reckon(Told.Committed) + Reckon(Told.InDoubt, First) + Reckon(Told.RolledBack, First, First);
        (sum.Committed, sum.Lost, sum.InDoubt, sum.InDoubtThere, sum.RolledBack, sum.Risen, sum.Twice, sum.Wrong)
            .ShouldBe((1, 1, 1, 1, 1, 1, 1, 3));
    }
}
