namespace Holdfast.Lab.Doubt;

/// <summary>What the promises of a round tell beyond right and wrong: pure.</summary>
/// <param name="Unknown">Told 08007 at the statement that commits.</param>
/// <param name="UnknownBefore">Told 08007 before it: nothing was in doubt.</param>
/// <param name="Broken">Commits whose connection ended without an answer.</param>
/// <param name="LongestGapMs">Between two successes, whoever's.</param>
sealed record Answers(int Unknown, int UnknownBefore, int Broken, double LongestGapMs)
{
    public static Answers Of(IReadOnlyCollection<Promise> promises)
    {
        var successes = promises.Where(promise => promise.Told == Told.Committed)
            .Select(promise => promise.EndedMs).Order().ToList();
        return new Answers(
            promises.Count(promise => promise is { Code: TellRules.Unknown, AtEnd: true }),
            promises.Count(promise => promise is { Code: TellRules.Unknown, AtEnd: false }),
            promises.Count(promise => promise is { Code: TellRules.Broken, AtEnd: true }),
            successes.Zip(successes.Skip(1), (one, next) => next - one).DefaultIfEmpty().Max());
    }
}
