namespace Holdfast.Sim.Time;

/// <summary>
/// A thread (or a group of threads that live and freeze together) of a simulated process: whatever is posted to it runs
/// in virtual time. Frozen, it holds its events; dead, it drops them for ever, as SIGKILL does.
/// </summary>
internal sealed class Strand : SynchronizationContext
{
    readonly EventQueue _queue;
    readonly List<SimEvent> _held = [];
    int _freezes;

    public Strand(EventQueue queue, int id, string name, BootTime boot)
    {
        (_queue, Id, Name) = (queue, id, name);
        Clock = new StrandClock(this, queue, boot);
    }

    public int Id { get; }
    public string Name { get; }
    public bool IsDead { get; private set; }
    public bool IsFrozen => _freezes > 0;

    /// <summary>CLOCK_BOOTTIME of the strand's host; its timers fire on the strand.</summary>
    public StrandClock Clock { get; }

    public TimeSpan Now => Clock.Now;

    public override void Post(SendOrPostCallback d, object? state) => _queue.Add(this, _queue.Now, d, state);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("nobody waits for another thread here");

    public override SynchronizationContext CreateCopy() => this;

    public SimEvent After(TimeSpan delay, Action action) =>
        _queue.Add(this, _queue.Now + delay, static state => ((Action)state!)(), action);

    public void Freeze() => _freezes++;

    public void Thaw()
    {
        if (_freezes == 0 || --_freezes > 0)
            return;
        foreach (var held in _held)
            _queue.Again(held);
        _held.Clear();
    }

    public void Kill()
    {
        IsDead = true;
        _held.Clear();
    }

    public bool Holds(SimEvent due)
    {
        if (_freezes == 0)
            return false;
        _held.Add(due);
        return true;
    }
}

/// <summary>When a host booted, in the world's time, and what its wall clock says: clocks of hosts differ.</summary>
internal sealed class BootTime
{
    public TimeSpan At { get; set; }
    public TimeSpan WallSkew { get; set; }
}

internal sealed class StrandClock(Strand strand, EventQueue queue, BootTime boot) : TimeProvider
{
    static readonly DateTimeOffset s_epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public TimeSpan Now => queue.Now - boot.At;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;

    public override DateTimeOffset GetUtcNow() => s_epoch + queue.Now + boot.WallSkew;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(strand, queue, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    sealed class SimTimer(Strand strand, EventQueue queue, TimerCallback callback, object? state) : ITimer
    {
        SimEvent? _next;
        TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Stop();
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                _next = queue.Add(strand, queue.Now + dueTime, static timer => ((SimTimer)timer!).Fire(), this);
            return true;
        }

        void Fire()
        {
            _next = _period > TimeSpan.Zero
                ? queue.Add(strand, queue.Now + _period, static timer => ((SimTimer)timer!).Fire(), this)
                : null;
            callback(state);
        }

        void Stop()
        {
            if (_next is { } next)
                next.IsCancelled = true;
            _next = null;
        }

        public void Dispose() => Stop();

        public ValueTask DisposeAsync()
        {
            Stop();
            return ValueTask.CompletedTask;
        }
    }
}
