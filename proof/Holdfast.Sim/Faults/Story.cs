using Holdfast.Cluster.Model;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Faults;

/// <summary>A chain of faults whose times belong together, told a few times in a world that suits it: for what chance
/// alone meets too rarely.</summary>
/// <param name="TtlSeconds">Of that world.</param>
/// <param name="Episode">The faults of one telling, from 0 on.</param>
internal sealed record Story(int TtlSeconds, Func<Rng, IEnumerable<Fault>> Episode)
{
    const int Episodes = 3;

    /// <summary>From one telling to the next: everybody is back by then.</summary>
    static readonly TimeSpan s_every = TimeSpan.FromSeconds(16);

    public bool EarlyTakeover { get; init; }

    public FaultPlan Plan(ulong seed, SynchronousMode mode, Rng rng)
    {
        var settings = new WorldSettings
        {
            Seed = seed,
            TtlSeconds = TtlSeconds,
            Mode = mode,
            EarlyTakeover = EarlyTakeover,
        };
        var begin = FaultPlan.Begin(settings);
        var faults = Enumerable.Range(0, Episodes)
            .SelectMany(episode => Episode(rng)
                .Select(fault => fault with { At = fault.At + begin + episode * s_every }))
            .OrderBy(fault => fault.At).ToList();
        return new FaultPlan(settings, faults, begin + Episodes * s_every);
    }
}
