using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Edge.Health;
using Holdfast.Edge.Routes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Backends;

/// <summary>The instances of one app. Safe from any thread.</summary>
/// <param name="app">Its name in the file.</param>
/// <param name="check">How its instances are checked.</param>
/// <param name="routes">How many routes the file has.</param>
/// <param name="clock">Of failures and waits.</param>
/// <param name="log">Tells who comes and goes.</param>
internal sealed class Pool(string app, CheckSettings check, int routes, TimeProvider clock, ILogger log)
    : IAsyncDisposable
{
    /// <summary>Instances of one app that are told apart on the stack; a larger number takes the heap.</summary>
    const int StackMax = 32;

    readonly Lock _gate = new();
    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<Instance, Task> _checks = [];
    ImmutableArray<Instance> _instances = [];

    public string App => app;
    public ImmutableArray<Instance> Instances => _instances;

    /// <summary>The next one for a request; null: nobody may be tried.</summary>
    public Instance? Pick(Route route, IReadOnlyList<Instance> tried)
    {
        lock (_gate)
        {
            var standings = _instances.Length <= StackMax
                ? stackalloc Standing[_instances.Length]
                : new Standing[_instances.Length];
            for (var at = 0; at < standings.Length; at++)
                standings[at] = tried.Contains(_instances[at]) ? Standing.Out : _instances[at].StandingFor(route);
            return Picker.Pick(_instances.AsSpan(), standings);
        }
    }

    /// <summary>True if <see cref="Pick"/> would find one that was not tried.</summary>
    /// <param name="least">And stands at least as well.</param>
    public bool HasAnother(Route route, IReadOnlyList<Instance> tried, Standing least = Standing.Untested) =>
        _instances.Any(instance => !tried.Contains(instance) && instance.StandingFor(route) <= least);

    /// <summary>What the store says of the app's instances now.</summary>
    public void Show(IEnumerable<AppInstance> told)
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
                return;
            var serving = told.Where(instance => IsUsableAddress(instance.Address)).ToList();
            foreach (var instance in _instances)
            {
                if (!serving.Exists(other => IsSame(other, instance)))
                    instance.Tell(null);
            }
            foreach (var one in serving)
            {
                if (_instances.FirstOrDefault(instance => IsSame(one, instance)) is { } known)
                    known.Tell(one);
                else
                    Add(one);
            }
            Sweep();
        }
    }

    /// <summary>Ends the checks and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] checks;
        lock (_gate)
            checks = [.. _checks.Values];
        await _stop.CancelAsync();
        await Task.WhenAll(checks);
        _stop.Dispose();
    }

    // An address that changed is another instance: its predecessor is unlisted, and leaves when its check fails.
    static bool IsSame(AppInstance told, Instance instance) =>
        string.Equals(told.Host.Value, instance.Host, StringComparison.Ordinal)
        && string.Equals(told.Address, instance.Address, StringComparison.Ordinal);

    static bool IsUsableAddress(string? address) =>
        address is not null && Uri.TryCreate($"http://{address}", UriKind.Absolute, out var uri) && uri.Port > 0;

    void Add(AppInstance told)
    {
        var instance = new Instance(told, check, routes, clock);
        _instances = _instances.Add(instance);
        log.Found(instance);
        _checks[instance] = CheckAsync(instance);
    }

    // Ends with the instance's removal, or with the pool.
    async Task CheckAsync(Instance instance)
    {
        await Task.Yield(); // The first check must not run under the caller's lock.
        await new Checker(instance, AfterCheck, log).RunAsync(_stop.Token);
        // Requests under way keep their connections.
        instance.Dispose();
        lock (_gate)
            _checks.Remove(instance);
    }

    void AfterCheck(Instance instance, bool? wasUp)
    {
        lock (_gate)
            Sweep();
        if (wasUp is true && instance.Standing == Standing.Out)
            Move(instance);
    }

    // Whatever waits there for its first byte, and may be repeated, goes elsewhere at once.
    void Move(Instance instance)
    {
        foreach (var attempt in instance.Waiting())
        {
            var exchange = attempt.Exchange;
            if (exchange.MayMove && HasAnother(exchange.Route!, exchange.Tried, Standing.Suspect))
                attempt.LeaveForAnother();
        }
    }

    void Sweep()
    {
        foreach (var instance in _instances.Where(instance => !instance.Stays))
        {
            _instances = _instances.Remove(instance);
            instance.IsGone = true;
            log.Forgotten(instance);
        }
    }
}
