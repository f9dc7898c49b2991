using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Watchdog;

/// <summary>
/// The third owner of the deadline, behind the second one: each ticket that the supervisor took pings the device, a
/// ticket without a deadline disarms it. Blocking, used by the lease's own thread only. A device that hangs holds that
/// thread up: then nobody renews, the supervisor's deadline passes, and the device itself resets the host.
/// </summary>
internal sealed class WatchdogLink(
    IFenceLink inner,
    WatchdogSettings settings,
    IWatchdog device,
    Func<WatchdogWish> wish,
    Func<bool> postgresRuns,
    ILogger log) : IFenceLink, IDisposable
{
    /// <summary>After a failure the device counts as broken for so long; only a try can tell.</summary>
    static readonly TimeSpan BrokenFor = TimeSpan.FromSeconds(30);

    readonly Lock _lock = new();
    bool _open;
    int _timeout;
    TimeSpan? _brokenAt;

    /// <summary>It is required, and does not work: this node must not lead. From any thread.</summary>
    public bool Failed
    {
        get
        {
            if (settings.Mode != WatchdogMode.Required)
                return false;
            lock (_lock)
                return BootClock.Now - _brokenAt < BrokenFor || (!_open && !device.IsThere);
        }
    }

    public FenceTicket? TryGet() => inner.TryGet();

    public bool TryPut(FenceTicket ticket)
    {
        var taken = inner.TryPut(ticket);
        if (ticket.DeadlineNs == 0)
            Disarm();
        else if (taken)
            return Keep(BootClock.FromNanoseconds(ticket.DeadlineNs) - BootClock.Now);
        return taken;
    }

    bool Keep(TimeSpan left)
    {
        var (ttl, paused) = wish();
        if (paused)
        {
            Disarm(); // Nobody fails over meanwhile.
            return true;
        }
        try
        {
            Ping(WatchdogTimes.Timeout(ttl, left, settings.SafetyMargin));
            Mark(broken: false);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (!IsKnownBroken)
                log.WatchdogFailed(settings.Device, failure.Message);
            Mark(broken: true);
            Disarm();
            return settings.Mode != WatchdogMode.Required;
        }
    }

    void Ping(int timeout)
    {
        if (!_open)
        {
            // One that is known to be broken is left alone for a while: each try may block.
            if (IsKnownBroken)
                throw new IOException("it failed a moment ago");
            device.Open();
            SetOpen(true);
            _timeout = 0;
            log.WatchdogArmed(settings.Device, timeout);
        }
        if (timeout != _timeout)
        {
            if (device.SetTimeout(timeout) is var taken && taken > timeout)
                throw new IOException($"it takes {taken} s where {timeout} s are allowed");
            _timeout = timeout;
        }
        device.Ping();
    }

    void Disarm()
    {
        if (!_open)
            return;
        SetOpen(false);
        try
        {
            device.Disarm();
            log.WatchdogDisarmed(settings.Device);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.WatchdogFailed(settings.Device, failure.Message);
        }
    }

    bool IsKnownBroken
    {
        get
        {
            lock (_lock)
                return BootClock.Now - _brokenAt < BrokenFor;
        }
    }

    void Mark(bool broken)
    {
        lock (_lock)
            _brokenAt = broken ? IsKnownBroken ? _brokenAt : BootClock.Now : null;
    }

    void SetOpen(bool open)
    {
        lock (_lock)
            _open = open;
    }

    /// <summary>After the lease's thread has ended. Where PostgreSQL goes on without us it stays armed: an heir of the
    /// lease keeps it, or else it does what it is for.</summary>
    public void Dispose()
    {
        if (!postgresRuns())
            Disarm();
    }
}

/// <param name="Ttl">In force.</param>
/// <param name="Paused">The cluster is in maintenance mode: the device is closed.</param>
internal readonly record struct WatchdogWish(TimeSpan Ttl, bool Paused);
