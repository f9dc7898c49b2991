using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// How far a replica must be for those who read what they have written. A write is counted before its client hears of
/// it; afterwards the primary is asked for its position, which covers all that was counted before the question was
/// sent, whoever had written it. In between, and where the answer was lost, a position is not known. Safe from any
/// thread.
/// </summary>
/// <remarks>
/// Nothing is dropped when another primary leads: a replica may still lack what the former one had acknowledged. A
/// position of the former timeline is good on the next one, too: what survived lies below the point where they part,
/// and what lies beyond was lost, so nobody can see it. It could ask for more than there is, until the log has grown;
/// so the newest answer replaces what was known, be it higher or lower, and the caller's wait has its limit. For the
/// same reason only one that may serve as primary when it answers is believed.
/// </remarks>
/// <param name="writersMax">That are told apart; older ones become one.</param>
internal sealed class WrittenPositions(int writersMax = WrittenPositions.WritersMax)
{
    public const int WritersMax = 100_000;

    readonly Lock _gate = new();
    readonly Dictionary<Writer, LinkedListNode<Mark>> _marks = [];
    readonly LinkedList<Mark> _byAge = new();

    /// <summary>Of those that were forgotten: the others' reads wait for these, which are the oldest.</summary>
    readonly Mark _forgotten = new(null);
    Answer _newest;
    long _writes;

    /// <param name="After">Writes that were counted when the question was sent.</param>
    /// <param name="At">What the primary said.</param>
    readonly record struct Answer(long After, Lsn At);

    sealed class Mark(Writer? writer)
    {
        public Writer? Writer { get; } = writer;
        public long Last { get; set; }
        public Answer Answer { get; set; }
    }

    /// <summary>It has written, and is about to hear so.</summary>
    public void Count(Writer writer)
    {
        lock (_gate)
        {
            if (_marks.TryGetValue(writer, out var node))
                _byAge.Remove(node);
            else
                _marks.Add(writer, node = new LinkedListNode<Mark>(new Mark(writer)));
            _byAge.AddLast(node);
            node.Value.Last = ++_writes;
            if (_marks.Count > writersMax)
                ForgetOldest();
        }
    }

    /// <summary>For <see cref="Answered"/>: said before the question is sent.</summary>
    public long Asking() => Volatile.Read(ref _writes);

    /// <param name="writer">For whom it was asked.</param>
    /// <param name="after">What <see cref="Asking"/> said.</param>
    /// <param name="at">The answer of who leads now.</param>
    public void Answered(Writer writer, long after, Lsn at)
    {
        var answer = new Answer(after, at);
        lock (_gate)
        {
            _newest = Newer(_newest, answer);
            if (_marks.TryGetValue(writer, out var node))
                node.Value.Answer = Newer(node.Value.Answer, answer);
        }
    }

    /// <summary>What must have been replayed where it reads; zero: nothing. Null: that is not known, and only the
    /// primary will do.</summary>
    public Lsn? Wanted(Writer writer)
    {
        if (Asking() == 0)
            return Lsn.Zero;
        lock (_gate)
            return Wanted(_marks.TryGetValue(writer, out var node) ? node.Value : _forgotten);
    }

    // Either answer covers it, so the lower one is enough.
    Lsn? Wanted(Mark mark) => (mark.Answer.After >= mark.Last, _newest.After >= mark.Last) switch
    {
        _ when mark.Last == 0 => Lsn.Zero,
        (true, true) => mark.Answer.At < _newest.At ? mark.Answer.At : _newest.At,
        (true, false) => mark.Answer.At,
        (false, true) => (mark.Answer = _newest).At,
        _ => null,
    };

    static Answer Newer(Answer one, Answer other) => other.After >= one.After ? other : one;

    void ForgetOldest()
    {
        var oldest = _byAge.First!.Value;
        _byAge.RemoveFirst();
        _marks.Remove(oldest.Writer!);
        (_forgotten.Last, _forgotten.Answer) = (oldest.Last, Newer(_forgotten.Answer, oldest.Answer));
    }
}
