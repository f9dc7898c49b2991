namespace Bingo.Http;

/// <summary>What /operation and /long_dummy are busy with.</summary>
sealed class Computation(TimeProvider clock)
{
    const int ShortRounds = 1000, LongRounds = 1_000_000, LongSlices = 20;

    /// <summary>The same for the same number, everywhere and always.</summary>
    public static uint Short(int operation) => Rounds((ulong)(uint)operation, ShortRounds);

    /// <summary>Takes 3 to 5 s, mostly waiting, as if for somebody else.</summary>
    public async Task<LongDummyAnswer> LongAsync(CancellationToken stop)
    {
        var started = clock.GetTimestamp();
        var range = (HttpLimits.LongDummyMax - HttpLimits.LongDummyMin) * Random.Shared.NextDouble();
        var slice = (HttpLimits.LongDummyMin + range) / LongSlices;
        var result = 1u;
        for (var i = 1; i <= LongSlices; i++)
        {
            result = Rounds(result, LongRounds / LongSlices);
            // By the clock, so that slices that come late are made up for.
            var rest = slice * i - clock.GetElapsedTime(started);
            if (rest > TimeSpan.Zero)
                await Task.Delay(rest, clock, stop);
        }
        var took = (int)clock.GetElapsedTime(started).TotalMilliseconds;
        return new LongDummyAnswer(clock.GetUtcNow().UtcDateTime, took, result);
    }

    // Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finalizer.
    static uint Rounds(ulong value, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            value ^= value >> 31;
        }
        return (uint)value;
    }
}
