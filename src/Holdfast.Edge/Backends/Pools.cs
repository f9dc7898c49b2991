using System.Collections.Frozen;
using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Edge.Health;
using Holdfast.Edge.Routes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Backends;

/// <summary>The pools of all apps that routes lead to. Safe from any thread.</summary>
internal sealed class Pools : IAsyncDisposable
{
    readonly FrozenDictionary<string, Pool> _pools;
    readonly TimeProvider _clock;

    public Pools(FrontSettings settings, RouteTable routes, TimeProvider clock, ILogger log)
    {
        _clock = clock;
        _pools = routes.Routes.Select(route => route.Settings.To).Distinct(StringComparer.Ordinal)
            .ToFrozenDictionary(
                app => app,
                app => new Pool(app, CheckOf(settings, app), routes.Routes.Length, clock, log),
                StringComparer.Ordinal);
    }

    public IEnumerable<Instance> Instances => _pools.Values.SelectMany(pool => pool.Instances);

    public Pool Of(Route route) => _pools[route.Settings.To];

    /// <summary>What the store says now, of all apps.</summary>
    public void Show(ImmutableArray<AppInstance> told)
    {
        foreach (var pool in _pools.Values)
            pool.Show(told.Where(instance => string.Equals(instance.App, pool.App, StringComparison.Ordinal)));
    }

    /// <summary>Looks after the requests that wait, until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(EdgeLimits.LookEvery, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                foreach (var pool in _pools.Values)
                {
                    foreach (var instance in pool.Instances)
                        instance.DoubtIfSlow();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // That is how it ends.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pool in _pools.Values)
            await pool.DisposeAsync();
    }

    static CheckSettings CheckOf(FrontSettings settings, string app) =>
        CheckSettings.Of(settings.Apps.FirstOrDefault(
            known => string.Equals(known.Name, app, StringComparison.Ordinal))?.Health);
}
