namespace Holdfast.PgProxy.Loops;

/// <summary>Things that have the same time to happen in. On the loop's thread only; met at the next tick.</summary>
internal sealed class Deadlines
{
    readonly LinkedList<(TimeSpan At, Action Missed)> _waiting = new();
    readonly EventLoop _loop;
    readonly TimeSpan _limit;

    public Deadlines(EventLoop loop, TimeSpan limit)
    {
        (_loop, _limit) = (loop, limit);
        loop.Tick += OnTick;
    }

    public LinkedListNode<(TimeSpan At, Action Missed)> Add(Action missed) =>
        _waiting.AddLast((_loop.Now + _limit, missed));

    /// <summary>Ends the wait of whoever has waited longest, if that is longer than this; else nothing
    /// happens.</summary>
    public bool MissFirst(TimeSpan waited)
    {
        if (_waiting.First is not { } first || _loop.Now - (first.Value.At - _limit) <= waited)
            return false;
        _waiting.RemoveFirst();
        first.Value.Missed();
        return true;
    }

    public void Met(LinkedListNode<(TimeSpan At, Action Missed)> deadline)
    {
        if (deadline.List is not null)
            _waiting.Remove(deadline);
    }

    void OnTick()
    {
        while (_waiting.First is { } first && _loop.Now >= first.Value.At)
        {
            _waiting.RemoveFirst();
            first.Value.Missed();
        }
    }
}
