using Holdfast.Edge.Backends;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Health;

/// <summary>Checks one instance, on time or when somebody doubts; one check at a time.</summary>
/// <param name="instance">Learns what was found.</param>
/// <param name="changed">Called after every check, with what was known before; must return at once.</param>
/// <param name="log">Tells what changed.</param>
internal sealed class Checker(Instance instance, Action<Instance, bool?> changed, ILogger log)
{
    /// <summary>Until the instance is gone, or <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var probe = new Probe(instance);
        try
        {
            while (!instance.IsGone)
            {
                var why = await probe.WhyBadAsync(stop);
                var (wasUp, now) = instance.Learn(why is null);
                Tell(wasUp, now, why);
                changed(instance, wasUp);
                var pause = now.Pause(instance.Check);
                await Task.Delay(Min(pause, EdgeLimits.DoubtSpacing), stop);
                await instance.CheckWanted.WaitAsync(pause - Min(pause, EdgeLimits.DoubtSpacing), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its pool has been disposed.
        }
    }

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    void Tell(bool? wasUp, ActiveHealth now, string? why)
    {
        if (now.IsUp is true && wasUp is not true)
            log.InRotation(instance);
        else if (now.IsUp is false && wasUp is not false)
            log.OutOfRotation(instance, why ?? "not enough good checks yet");
    }
}
