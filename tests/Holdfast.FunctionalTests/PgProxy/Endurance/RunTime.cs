using System.Globalization;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>How long an endurance test runs: seconds by itself, longer where a script of bench/ says so.</summary>
static class RunTime
{
    static readonly TimeSpan s_short = TimeSpan.FromSeconds(10);

    /// <summary>HOLDFAST_RUN_FOR, such as 90s or 20m.</summary>
    public static TimeSpan Given { get; } = Read(Environment.GetEnvironmentVariable("HOLDFAST_RUN_FOR"));

    /// <summary>Memory and files are judged only after so long: before, everything still grows to its size.</summary>
    public static bool IsLong => Given >= TimeSpan.FromMinutes(2);

    /// <summary>HOLDFAST_RUN_SEED, or one of its own; printed by whoever uses it.</summary>
    public static int Seed { get; } =
        int.TryParse(
            Environment.GetEnvironmentVariable("HOLDFAST_RUN_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed : Random.Shared.Next();

    /// <summary>On the console, since nobody waits for the end of a long run to see how it goes.</summary>
    public static void Tell(string line)
    {
        if (IsLong)
            Console.WriteLine(line);
    }

    static TimeSpan Read(string? text) => text switch
    {
        null or "" => s_short,
        [.. var count, 's'] => TimeSpan.FromSeconds(double.Parse(count, CultureInfo.InvariantCulture)),
        [.. var count, 'm'] => TimeSpan.FromMinutes(double.Parse(count, CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"HOLDFAST_RUN_FOR is {text}: expected a time such as 90s or 20m"),
    };
}
