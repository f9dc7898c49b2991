using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Runs;

/// <summary>A short story of faults, as a text file: what the world is made of, what happens, what is
/// expected.</summary>
/// <param name="Plan">The world and its faults.</param>
/// <param name="Mutation">A rule broken on purpose, or none.</param>
/// <param name="Expected">The promise that breaks; empty: none does.</param>
internal sealed record Scenario(FaultPlan Plan, Mutation Mutation, string Expected)
{
    public static string Write(FaultPlan plan, Mutation mutation)
    {
        var world = plan.Settings;
        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture,
                $"world seed={world.Seed} hosts={world.Hosts} ttl={world.TtlSeconds} mode={world.Mode} "
                + $"strict={world.Strict} nodes={world.NodeCount} bootstraps={world.Bootstraps} "
                + $"failsafe={world.Failsafe} early={world.EarlyTakeover}"),
            .. mutation == Mutation.None ? (string[])[] : [$"mutation {mutation}"],
            .. plan.Faults.Select(fault => fault.Text),
            string.Create(CultureInfo.InvariantCulture, $"peace {plan.FaultsEnd.TotalSeconds:0.0000000}"),
        ];
        return string.Join('\n', lines);
    }

    public static Scenario Read(string file) => Parse(File.ReadAllLines(file));

    /// <exception cref="FormatException">A line is none of ours.</exception>
    public static Scenario Parse(IEnumerable<string> lines)
    {
        var (settings, faults, peace) = (default(WorldSettings), new List<Fault>(), TimeSpan.Zero);
        var (mutation, expected) = (Mutation.None, "");
        foreach (var line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var words = line.Split(' ');
            switch (words)
            {
                case ["world", .. var facts]:
                    settings = World(facts.ToDictionary(
                        fact => fact.Split('=')[0], fact => fact.Split('=')[1], StringComparer.Ordinal));
                    break;
                case ["mutation", var name]:
                    mutation = Enum.Parse<Mutation>(name);
                    break;
                case ["at", var at, var kind, var where, "for", var time]:
                    faults.Add(new Fault(Enum.Parse<FaultKind>(kind), Seconds(at), Seconds(time), Host(where)));
                    break;
                case ["peace", var from]:
                    peace = Seconds(from);
                    break;
                case ["expect", .. var promise]:
                    expected = string.Join(' ', promise);
                    break;
                default:
                    throw new FormatException($"'{line}' is no line of a scenario");
            }
        }
        return new Scenario(
            new FaultPlan(settings ?? throw new FormatException("there is no world"), faults, peace),
            mutation, expected);
    }

    static WorldSettings World(Dictionary<string, string> facts) => new()
    {
        Seed = ulong.Parse(facts["seed"], CultureInfo.InvariantCulture),
        Hosts = int.Parse(facts["hosts"], CultureInfo.InvariantCulture),
        TtlSeconds = int.Parse(facts["ttl"], CultureInfo.InvariantCulture),
        Mode = Enum.Parse<SynchronousMode>(facts["mode"]),
        Strict = bool.Parse(facts["strict"]),
        NodeCount = int.Parse(facts["nodes"], CultureInfo.InvariantCulture),
        Bootstraps = bool.Parse(facts["bootstraps"]),
        Failsafe = bool.Parse(facts["failsafe"]),
        EarlyTakeover = bool.Parse(facts["early"]),
    };

    static int Host(string where) => where == "primary" ? 0
        : int.Parse(where.AsSpan(1), CultureInfo.InvariantCulture) * (where[0] == 's' ? -1 : 1);

    static TimeSpan Seconds(string text) => TimeSpan.FromTicks(
        (long)Math.Round(double.Parse(text, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
}
