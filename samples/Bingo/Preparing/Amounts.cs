using Bingo.Configuration;

namespace Bingo.Preparing;

/// <summary>Rows of each table.</summary>
sealed record Amounts(int Movies, int Customers, int Sessions)
{
    public long All => (long)Movies + Customers + Sessions;

    /// <summary>At least one of each.</summary>
    public static Amounts Of(PrepareSettings settings, decimal scale) => new(
        Scaled(settings.Movies, scale), Scaled(settings.Customers, scale), Scaled(settings.Sessions, scale));

    public override string ToString() => $"{Movies} movies, {Customers} customers and {Sessions} sessions";

    static int Scaled(int rows, decimal scale) => (int)Math.Clamp(decimal.Round(rows * scale), 1, int.MaxValue);
}
