using Holdfast.Edge.Backends;

namespace Holdfast.Edge.Forwarding;

/// <summary>One try of a request on one instance, from its first byte to the last of the answer. Cancelled from any
/// thread; everything else is its request's.</summary>
internal sealed class Attempt : IDisposable
{
    const int Waiting = 0, Answering = 1, LeftForAnother = 2;

    static readonly AsyncLocal<Attempt?> s_current = new();

    readonly CancellationTokenSource _cancel;
    int _stage;

    /// <param name="exchange">Whose request it is.</param>
    /// <param name="instance">Where it goes.</param>
    public Attempt(Exchange exchange, Instance instance)
    {
        (Exchange, Instance) = (exchange, instance);
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(exchange.ClientGone);
    }

    /// <summary>That of the request on whose behalf the current code runs; a connection knows no other way.</summary>
    public static Attempt? Current => s_current.Value;

    public Exchange Exchange { get; }
    public Instance Instance { get; }
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>Something may have reached the instance.</summary>
    public volatile bool HasWritten;

    /// <summary>Something was sent, and surely nothing of it was read.</summary>
    public bool IsProvedUnread => Volatile.Read(ref _isProvedUnread);

    bool _isProvedUnread;
    long _waitsSince = long.MaxValue;

    /// <summary>When the last byte of the request was sent, in the clock's timestamps; MaxValue: not yet.</summary>
    public long WaitsSince => Volatile.Read(ref _waitsSince);

    /// <summary>Set by who looks after the waiting ones: it asked for a check already.</summary>
    public bool HasDoubted { get; set; }

    /// <summary>From here on <see cref="Current"/> is this, in the caller's own flow and in what it calls.</summary>
    public void Enter() => s_current.Value = this;

    public void ProveUnread() => Volatile.Write(ref _isProvedUnread, value: true);

    /// <summary>Cancels it if nothing else happens within <paramref name="limit"/>; takes the place of the former
    /// limit.</summary>
    public void Allow(TimeSpan limit) => _cancel.CancelAfter(limit);

    public void RequestSent(long timestamp)
    {
        Volatile.Write(ref _waitsSince, timestamp);
        Allow(Exchange.Route!.Settings.Timeout);
    }

    /// <summary>False: it was left for another one, and what came is not wanted any more.</summary>
    public bool TryBeginAnswer() => Interlocked.CompareExchange(ref _stage, Answering, Waiting) == Waiting;

    public bool WasLeft => Volatile.Read(ref _stage) == LeftForAnother;

    /// <summary>Ends it so that its request can go to another instance, unless the answer has begun.</summary>
    public void LeaveForAnother()
    {
        if (Interlocked.CompareExchange(ref _stage, LeftForAnother, Waiting) != Waiting)
            return;
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in the same moment.
        }
    }

    public void Dispose()
    {
        // Whatever still runs for it must not outlive it.
        _cancel.Cancel();
        _cancel.Dispose();
    }
}
