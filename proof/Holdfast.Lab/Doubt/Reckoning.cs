using System.Text.Json.Serialization;

namespace Holdfast.Lab.Doubt;

/// <summary>What clients were told, held against what is in the table: pure.</summary>
/// <param name="Committed">Told so.</param>
/// <param name="Lost">Of them: not there.</param>
/// <param name="RolledBack">Told so.</param>
/// <param name="Risen">Of them: there.</param>
/// <param name="InDoubt">Told so, or nothing.</param>
/// <param name="InDoubtThere">Of them: there. Either is right.</param>
/// <param name="Twice">Rows that are there more than once, whatever was told.</param>
/// <param name="Foreign">Rows that nobody sent.</param>
/// <param name="Examples">Of what is wrong, for people.</param>
sealed record Reckoning(
    int Committed, int Lost, int RolledBack, int Risen, int InDoubt, int InDoubtThere, int Twice, int Foreign,
    IReadOnlyList<string> Examples)
{
    const int ExamplesMax = 10;

    public int Wrong => Lost + Risen + Twice + Foreign;

    public static Reckoning Of(IReadOnlyCollection<Promise> promises, IEnumerable<Row> table)
    {
        var there = table.CountBy(row => row).ToDictionary();
        var told = promises.ToLookup(promise => promise.Told);
        List<Promise> lost = [.. told[Told.Committed].Where(promise => !there.ContainsKey(promise.Row))];
        List<Promise> risen = [.. told[Told.RolledBack].Where(promise => there.ContainsKey(promise.Row))];
        List<Row> twice = [.. there.Where(row => row.Value > 1).Select(row => row.Key)];
        var sent = promises.Select(promise => promise.Row).ToHashSet();
        List<Row> foreign = [.. there.Keys.Where(row => !sent.Contains(row))];
        return new Reckoning(
            told[Told.Committed].Count(), lost.Count, told[Told.RolledBack].Count(), risen.Count,
            told[Told.InDoubt].Count(), told[Told.InDoubt].Count(promise => there.ContainsKey(promise.Row)),
            twice.Count, foreign.Count,
            [
                .. lost.Select(promise => $"told committed, and lost: {promise}")
                    .Concat(risen.Select(promise => $"told rolled back, and there: {promise}"))
                    .Concat(twice.Select(row => $"twice there: {row}"))
                    .Concat(foreign.Select(row => $"nobody sent it: {row}")).Take(ExamplesMax),
            ]);
    }

    public static Reckoning Nothing { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, []);

    public static Reckoning operator +(Reckoning one, Reckoning other) => new(
        one.Committed + other.Committed, one.Lost + other.Lost, one.RolledBack + other.RolledBack,
        one.Risen + other.Risen, one.InDoubt + other.InDoubt, one.InDoubtThere + other.InDoubtThere,
        one.Twice + other.Twice, one.Foreign + other.Foreign,
        [.. one.Examples.Concat(other.Examples).Take(ExamplesMax)]);

    [JsonIgnore]
    public string Summary =>
        $"{Committed} told committed, {Lost} of them lost; {RolledBack} told rolled back, {Risen} of them there; "
        + $"{InDoubt} in doubt, {InDoubtThere} of them there; {Twice} twice there, {Foreign} from nobody";
}
