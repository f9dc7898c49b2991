namespace Holdfast.Sim.Time;

/// <summary>xoshiro256** seeded by splitmix64 (Blackman and Vigna): the only source of chance of a world.</summary>
internal sealed class Rng
{
    ulong _a, _b, _c, _d;

    public Rng(ulong seed)
    {
        var state = seed;
        (_a, _b, _c, _d) = (Split(ref state), Split(ref state), Split(ref state), Split(ref state));
    }

    static ulong Split(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong Next()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>From 0 to below <paramref name="bound"/>.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    public bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    public TimeSpan Between(double fromMs, double toMs) =>
        TimeSpan.FromTicks((long)((fromMs + (Next() >> 11) * (1.0 / (1UL << 53)) * (toMs - fromMs)) * 10_000));

    /// <summary>Usually the first range, now and then the second, longer one.</summary>
    public TimeSpan Mostly(double fromMs, double toMs, double rarely, double toRareMs) =>
        Chance(rarely) ? Between(toMs, toRareMs) : Between(fromMs, toMs);

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
}
