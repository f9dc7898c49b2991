namespace Holdfast.Edge.Health;

/// <summary>What the edge's own checks of an instance have shown: pure.</summary>
/// <param name="IsUp">Null: not checked yet.</param>
/// <param name="Good">In a row, up to now.</param>
/// <param name="Bad">In a row, up to now.</param>
internal readonly record struct ActiveHealth(bool? IsUp, int Good, int Bad)
{
    /// <summary>Counting further would tell nothing.</summary>
    const int CountMax = 1_000_000;

    public ActiveHealth After(bool isGood, CheckSettings settings)
    {
        if (isGood)
        {
            var good = Math.Min(Good + 1, CountMax);
            return new ActiveHealth(IsUp is true || good >= settings.Rise, good, 0);
        }
        var bad = Math.Min(Bad + 1, CountMax);
        return new ActiveHealth(IsUp is true && bad < settings.Fall, 0, bad);
    }

    /// <summary>From the end of the last check to the next.</summary>
    public TimeSpan Pause(CheckSettings settings)
    {
        var isUndecided = IsUp is not true && Good > 0;
        var isBad = Bad is > 0 and <= EdgeLimits.QuickChecksMax;
        return (isUndecided || isBad) && settings.Every > EdgeLimits.RecheckPause
            ? EdgeLimits.RecheckPause
            : settings.Every;
    }
}
