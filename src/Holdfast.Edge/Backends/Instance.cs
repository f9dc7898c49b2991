using Holdfast.Cluster.Model;
using Holdfast.Edge.Forwarding;
using Holdfast.Edge.Health;
using Holdfast.Edge.Routes;

namespace Holdfast.Edge.Backends;

/// <summary>One instance at one address: its connections, and what is known of it. Safe from any thread.</summary>
internal sealed class Instance : ICandidate, IDisposable
{
    readonly Lock _gate = new();
    readonly TimeProvider _clock;
    readonly HashSet<Attempt> _waiting = [];
    readonly PassiveHealth[] _passive;
    AppInstance _told;
    bool _isListed = true;
    ActiveHealth _active;
    TimeSpan? _doubtSince;

    /// <param name="told">What the store says; its address is not null.</param>
    /// <param name="check">How it is checked.</param>
    /// <param name="routes">How many routes the file has.</param>
    /// <param name="clock">Of failures and waits.</param>
    public Instance(AppInstance told, CheckSettings check, int routes, TimeProvider clock)
    {
        (_told, Check, _clock) = (told, check, clock);
        Host = told.Host.Value;
        Address = told.Address!;
        Origin = new Uri($"http://{Address}");
        _passive = new PassiveHealth[routes];
    }

    public string Host { get; }
    public string App => _told.App;

    /// <summary>host:port</summary>
    public string Address { get; }
    public Uri Origin { get; }
    public CheckSettings Check { get; }
    public HttpMessageInvoker Client { get; } = InstanceClient.Create();

    /// <summary>Wakes its checker before its time. One signal that waits stands for all.</summary>
    public SemaphoreSlim CheckWanted { get; } = new(0, 1);

    /// <summary>Removed from its pool: nothing checks it any more.</summary>
    public volatile bool IsGone;

    public int Weight => Volatile.Read(ref _told).Weight;

    /// <summary>Guarded by its pool.</summary>
    public int Credit { get; set; }

    TimeSpan Now => _clock.GetElapsedTime(0);

    public Standing StandingFor(Route route)
    {
        lock (_gate)
            return Standings.Of(new InstanceFacts(_told.State, _active, _passive[route.Index], _doubtSince), Now);
    }

    /// <summary>For people: the best that any route makes of it.</summary>
    public Standing Standing
    {
        get
        {
            lock (_gate)
                return _passive.Min(passive => Standings.Of(new(_told.State, _active, passive, _doubtSince), Now));
        }
    }

    /// <summary>The edge's own checks are good.</summary>
    public bool IsUp
    {
        get
        {
            lock (_gate)
                return _active.IsUp is true;
        }
    }

    public bool Stays
    {
        get
        {
            lock (_gate)
                return Standings.Stays(_isListed, _active);
        }
    }

    /// <param name="told">Null: its key is gone, and what was said last still holds.</param>
    public void Tell(AppInstance? told)
    {
        lock (_gate)
        {
            _isListed = told is not null;
            _told = told ?? _told;
        }
    }

    /// <summary>What a request has shown.</summary>
    /// <returns>True: it is passed over from now on.</returns>
    public bool Learn(Route route, bool isFailure)
    {
        lock (_gate)
        {
            ref var passive = ref _passive[route.Index];
            var was = passive.IsPassedOver(Now);
            passive = isFailure ? passive.AfterFailure(Now, route.Settings) : PassiveHealth.AfterSuccess;
            return !was && passive.IsPassedOver(Now);
        }
    }

    /// <summary>What a check has shown.</summary>
    /// <returns>Whether it was up before, and what is known now.</returns>
    public (bool? WasUp, ActiveHealth Now) Learn(bool isGood)
    {
        lock (_gate)
        {
            var was = _active.IsUp;
            _active = _active.After(isGood, Check);
            _doubtSince = null;
            // It was away and is back, most often as a new process: what its requests showed before is history.
            if (was is false && _active.IsUp is true)
                Array.Clear(_passive);
            return (was, _active);
        }
    }

    public void Wait(Attempt attempt)
    {
        lock (_gate)
            _waiting.Add(attempt);
    }

    public void WaitNoMore(Attempt attempt)
    {
        lock (_gate)
            _waiting.Remove(attempt);
    }

    public Attempt[] Waiting()
    {
        lock (_gate)
            return [.. _waiting];
    }

    /// <summary>Asks for a check if a request has waited too long for its first byte; once for each request.</summary>
    /// <returns>True: it was asked for.</returns>
    public bool DoubtIfSlow()
    {
        lock (_gate)
        {
            var isSlow = false;
            foreach (var attempt in _waiting)
            {
                if (attempt.HasDoubted || attempt.WaitsSince == long.MaxValue
                    || _clock.GetElapsedTime(attempt.WaitsSince) < EdgeLimits.Doubt)
                    continue;
                attempt.HasDoubted = isSlow = true;
            }
            if (!isSlow || _doubtSince is not null || _active.IsUp is not true)
                return false;
            _doubtSince = Now;
            if (CheckWanted.CurrentCount == 0)
                CheckWanted.Release();
            return true;
        }
    }

    public override string ToString() => $"{_told.App} on {Host} ({Address})";

    /// <summary>Closes what rests; requests under way end by themselves. Who sends after it is told that nothing was
    /// sent.</summary>
    public void Dispose() => Client.Dispose();
}
