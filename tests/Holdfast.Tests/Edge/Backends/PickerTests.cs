using Holdfast.Edge.Backends;
using Holdfast.Edge.Health;
using Shouldly;
using Xunit;
using static Holdfast.Edge.Health.Standing;

namespace Holdfast.Tests.Edge.Backends;

public sealed class PickerTests
{
    [Fact]
    public void Turns_are_smooth_and_by_weight() =>
        Turns([new("a", 5), new("b", 1), new("c", 1)], [Usable, Usable, Usable], 14).ShouldBe("aabacaaaabacaa");

    [Fact]
    public void Over_a_whole_round_everybody_gets_exactly_its_share()
    {
        Candidate[] all = [new("a", 3), new("b", 2), new("c", 7)];
        var turns = Turns(all, [Usable, Usable, Usable], 1200);
        (turns.Count(name => name == 'a'), turns.Count(name => name == 'b'), turns.Count(name => name == 'c'))
            .ShouldBe((300, 200, 700));
    }

    [Theory]
    [InlineData(Usable, Usable, "abab")]
    [InlineData(Usable, Suspect, "aaaa")]
    [InlineData(PassedOver, Suspect, "bbbb")]
    [InlineData(PassedOver, Untested, "aaaa")]
    [InlineData(PassedOver, PassedOver, "abab")]
    [InlineData(Out, Untested, "bbbb")]
    [InlineData(Draining, PassedOver, "bbbb")]
    [InlineData(Out, Draining, "----")]
    internal void Only_the_best_are_taken(Standing a, Standing b, string expected) =>
        Turns([new("a", 1), new("b", 1)], [a, b], 4).ShouldBe(expected);

    [Fact]
    public void Nobody_of_nobody() => Turns([], [], 1).ShouldBe("-");

    static string Turns(Candidate[] all, Standing[] standings, int count) => string.Concat(Enumerable.Range(0, count)
        .Select(_ => Picker.Pick<Candidate>(all, standings)?.Name ?? "-"));

    sealed class Candidate(string name, int weight) : ICandidate
    {
        public string Name => name;
        public int Weight => weight;
        public int Credit { get; set; }
    }
}
