namespace Holdfast.Sim.Time;

/// <summary>Something that happens at one moment on one strand.</summary>
internal sealed class SimEvent(Strand strand, SendOrPostCallback callback, object? state)
{
    public Strand Strand { get; } = strand;
    public bool IsCancelled { get; set; }

    public void Run() => callback(state);
}

/// <summary>Virtual time: all events of a world, by time and then in the order in which they were made. One thread runs
/// them; nothing else moves.</summary>
internal sealed class EventQueue
{
    readonly PriorityQueue<SimEvent, Due> _queue = new();
    readonly int _thread = Environment.CurrentManagedThreadId;
    long _made;

    readonly record struct Due(TimeSpan At, long Order) : IComparable<Due>
    {
        public int CompareTo(Due other) => At != other.At ? At.CompareTo(other.At) : Order.CompareTo(other.Order);
    }

    public TimeSpan Now { get; private set; }

    /// <summary>Of everything that happened, in order: the same for the same seed.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    public long Ran { get; private set; }

    public SimEvent Add(Strand strand, TimeSpan at, SendOrPostCallback callback, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException($"{strand.Name} was reached from another thread: not simulated");
        var made = new SimEvent(strand, callback, state);
        _queue.Enqueue(made, new Due(at > Now ? at : Now, _made++));
        return made;
    }

    public void Again(SimEvent held) => _queue.Enqueue(held, new Due(Now, _made++));

    /// <summary>Runs what is due up to <paramref name="until"/>, or until <paramref name="isOver"/>.</summary>
    public void Run(TimeSpan until, Func<bool> isOver)
    {
        while (!isOver() && _queue.TryPeek(out var next, out var due) && due.At <= until)
        {
            _queue.Dequeue();
            Now = due.At;
            var strand = next.Strand;
            if (next.IsCancelled || strand.IsDead || strand.Holds(next))
                continue;
            Mix((ulong)due.At.Ticks);
            Mix((ulong)strand.Id);
            Ran++;
            SynchronizationContext.SetSynchronizationContext(strand);
            next.Run();
        }
        if (!isOver() && Now < until)
            Now = until;
        SynchronizationContext.SetSynchronizationContext(null);
    }

    public void Mix(ulong fact) => Hash = (Hash ^ fact) * 1099511628211;
}
