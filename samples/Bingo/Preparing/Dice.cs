namespace Bingo.Preparing;

/// <summary>Numbers that look random and are the same for the same seed and row, on every machine and
/// runtime.</summary>
struct Dice(ulong seed, int row)
{
    ulong _state = (seed << 32) ^ (uint)row;

    /// <summary>0 to <paramref name="end"/> - 1.</summary>
    public int Below(int end) => (int)(((Next() >> 32) * (ulong)end) >> 32);

    public string Of(string[] words) => words[Below(words.Length)];

    // SplitMix64.
    ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
