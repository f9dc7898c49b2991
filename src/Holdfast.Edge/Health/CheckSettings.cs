using Holdfast.Cluster.Configuration;

namespace Holdfast.Edge.Health;

/// <summary>How the edge checks the instances of one app.</summary>
/// <param name="Path">Must answer 2xx; null: the port accepts a connection.</param>
/// <param name="Every">Between checks while all is well.</param>
/// <param name="Timeout">Of one check.</param>
/// <param name="Rise">Good checks in a row until it gets requests.</param>
/// <param name="Fall">Bad checks in a row until it gets none.</param>
internal sealed record CheckSettings(string? Path, TimeSpan Every, TimeSpan Timeout, int Rise, int Fall)
{
    /// <summary>A command can only be run where the instance is: for the edge such an app is checked by its
    /// port.</summary>
    public static CheckSettings Of(HealthSettings? health)
    {
        health ??= new HealthSettings { Tcp = true };
        return new CheckSettings(
            health.Http,
            health.Every,
            health.Timeout < EdgeLimits.CheckMax ? health.Timeout : EdgeLimits.CheckMax,
            Math.Max(health.Rise, 1),
            Math.Clamp(health.Fall, 1, EdgeLimits.FallMax));
    }
}
