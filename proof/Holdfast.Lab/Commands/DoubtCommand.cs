using System.CommandLine;
using Holdfast.Lab.Checks;
using Holdfast.Lab.Doubt;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Commands;

/// <summary>Checks of what clients of the proxy are told when nobody answered their commits.</summary>
static class DoubtCommand
{
    const int RoundsMax = 10_000;

    public static Command Commits() => Verb(
        "doubtful-commits", "Kills of the primary under COMMITs: what was told is so; what became of those in doubt",
        "--kills", "In turns of the postmaster and of the whole host; with one PostgreSQL, of the postmaster", 200,
        static (site, seed, results, kills, stop) => new DoubtfulCommits(site, seed, results).RunAsync(kills, stop));

    public static Command Storm() => Verb(
        "cancel-storm", "Cancels all the time, the primary cut off from its standbys and lost: no success goes missing",
        "--rounds", "Each cuts, loses and restores a primary", 10,
        static (site, seed, results, rounds, stop) => new CancelStorm(site, seed, results).RunAsync(rounds, stop));

    delegate Task<IReadOnlyList<Verdict>> Check(
        DoubtSite site, int seed, string? results, int count, CancellationToken stop);

    static Command Verb(string verb, string meaning, string counted, string what, int usual, Check check)
    {
        var count = new Option<int>(counted) { Description = what, DefaultValueFactory = _ => usual };
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (> 0 and <= RoundsMax))
                result.AddError($"{counted} must be 1 to {RoundsMax}");
        });
        var seed = new Option<int?>("--seed") { Description = "For the same random moments again; else any" };
        var results = new Option<string?>("--results") { Description = "A file that gets a line of JSON for each" };
        var name = Options.Name();
        var command = new Command(verb, meaning) { count, seed, results, name };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var state = Labs.Get(parsed.GetValue(name));
            using var site = new DoubtSite(state.Lab, LabFile.Of(state));
            var chosen = parsed.GetValue(seed) ?? Random.Shared.Next();
            Console.WriteLine($"{verb}: seed {chosen}");
            var verdicts = await check(
                site, chosen, parsed.GetValue(results), parsed.GetValue(count), interrupts.Graceful);
            return CheckCommand.Tell(verdicts);
        });
        return command;
    }
}
