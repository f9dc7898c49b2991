namespace Holdfast.Lab.Workloads;

/// <summary>Every insert of a run, in memory. Workers post to it; read it when they have ended.</summary>
sealed class Ledger
{
    /// <summary>So many ids fit between two runs that begin one millisecond apart.</summary>
    const long IdsPerMillisecond = 1_000_000;

    readonly Lock _gate = new();
    readonly List<Attempt> _attempts = [];
    readonly SortedDictionary<string, int> _errors = new(StringComparer.Ordinal);
    long _last;

    /// <param name="began">Wall time; keeps the ids of two runs apart.</param>
    public Ledger(DateTimeOffset began)
    {
        First = began.ToUnixTimeMilliseconds() * IdsPerMillisecond;
        _last = First;
    }

    public long First { get; }
    public long Last => Volatile.Read(ref _last);

    /// <summary>In the order in which their clients knew.</summary>
    public IReadOnlyList<Attempt> Attempts => _attempts;

    /// <summary>By SQLSTATE or short word; those of readers begin with <c>read_</c>.</summary>
    public IReadOnlyDictionary<string, int> Errors => _errors;

    public long NextId() => Interlocked.Increment(ref _last);

    public void Add(Attempt attempt)
    {
        lock (_gate)
        {
            _attempts.Add(attempt);
            if (attempt.Kind is { } kind)
                Count(kind);
        }
    }

    /// <summary>The latest acknowledgements, the newest first; while workers still post.</summary>
    public IReadOnlyList<Attempt> AcknowledgedSince(double sinceMs)
    {
        lock (_gate)
            return [.. Enumerable.Reverse(_attempts).TakeWhile(attempt => attempt.EndedMs >= sinceMs)
                .Where(attempt => attempt.Outcome == Outcome.Acknowledged)];
    }

    public void AddError(string kind)
    {
        lock (_gate)
            Count(kind);
    }

    void Count(string kind) => _errors[kind] = _errors.GetValueOrDefault(kind) + 1;
}
