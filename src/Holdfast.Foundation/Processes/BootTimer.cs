namespace Holdfast.Foundation.Processes;

/// <summary>
/// A timer on CLOCK_BOOTTIME for a thread of its own (timerfd_create(2)): it fires at once when a machine wakes from
/// sleep, and needs no thread pool. One thread waits; any thread may set it, and the waiting thread then waits for
/// the new time.
/// </summary>
public sealed class BootTimer : IDisposable
{
    const long NanosecondsPerSecond = 1_000_000_000;
    readonly int _descriptor = Native.TimerCreate(
        Native.ClockBoottime, Native.TimerNonBlocking | Native.TimerCloseOnExec);

    public BootTimer() => Check.That(_descriptor >= 0);

    /// <summary>Fires at this time since boot; a time that has passed fires at once.</summary>
    // Zero would disarm it.
    public void Set(TimeSpan at) => SetNanoseconds(Math.Max(1, BootClock.ToNanoseconds(at)));

    /// <summary>Does not fire until it is set again.</summary>
    public void Disarm() => SetNanoseconds(0);

    /// <summary>Waits until it fires. Returns early only when a signal interrupted it.</summary>
    public void Wait() => _ = Wait(Timeout.InfiniteTimeSpan);

    /// <summary>Waits until it fires (true) or <paramref name="limit"/> has passed (false). Answers false early when a
    /// signal interrupted it.</summary>
    public unsafe bool Wait(TimeSpan limit)
    {
        var poll = new Native.PollDescriptor { Descriptor = _descriptor, Events = Native.PollIn };
        if (Native.Poll(&poll, 1, (int)limit.TotalMilliseconds) < 1)
            return false;
        ulong rings;
        return Native.Read(_descriptor, &rings, sizeof(ulong)) == sizeof(ulong);
    }

    /// <summary>No thread may be waiting.</summary>
    public void Dispose() => _ = Native.Close(_descriptor);

    unsafe void SetNanoseconds(long nanoseconds)
    {
        var (seconds, rest) = Math.DivRem(nanoseconds, NanosecondsPerSecond);
        var spec = new Native.TimerSpec { Value = new Native.TimeSpec { Seconds = seconds, Nanoseconds = rest } };
        Check.That(Native.TimerSet(_descriptor, Native.TimerAbsolute, &spec, null) == 0);
    }
}
