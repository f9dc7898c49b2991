using Holdfast.Foundation;

namespace Holdfast.PgProxy.Pooling;

/// <summary>A message whose answer is still to come.</summary>
internal enum DueKind : byte
{
    Parse,
    Bind,
    Describe,
    Close,
    Execute,
    Sync,
    Query,
    FunctionCall,
}

internal enum DueTo : byte
{
    Client,

    /// <summary>The message was ours: the answer goes no further.</summary>
    Nobody,

    /// <summary>The server was told nothing: the answer is ours, in its turn.</summary>
    ClientFromUs,

    /// <summary>Us: what the transaction is that a COMMIT behind it ends.</summary>
    Evidence,

    /// <summary>Us: whether what was done before is as durable as the rule in force wants it.</summary>
    Barrier,

    /// <summary>Us: how far its log is.</summary>
    Position,
}

/// <param name="Kind">Of the message.</param>
/// <param name="To">Who waits for the answer.</param>
/// <param name="Traits">Of the text that it runs.</param>
/// <param name="Statement">Of a Parse under a name of ours.</param>
/// <param name="Name">The client's own for it.</param>
internal readonly record struct Due(
    DueKind Kind, DueTo To, TextTraits Traits = TextTraits.None, PreparedStatement? Statement = null,
    byte[]? Name = null)
{
    /// <summary>ReadyForQuery answers it, whatever went wrong before.</summary>
    public bool EndsUnit => Kind >= DueKind.Sync;

    /// <summary>Carries something out.</summary>
    public bool Runs => Kind is DueKind.Query or DueKind.Execute or DueKind.FunctionCall;

    /// <summary>It has no effect but to begin a transaction. Of an Execute that is not known: its traits are those of
    /// its unit.</summary>
    public bool OnlyBegins => Kind == DueKind.Query && (Traits & TextTraits.Begins) != TextTraits.None;
}

/// <summary>What a server owes, in order (PostgreSQL manual, Message Flow: answers come in the order of the
/// messages).</summary>
internal sealed class DueAnswers
{
    /// <summary>A client that has sent so many messages without an answer is not read any further.</summary>
    public const int CountMax = 16 * 1024;

    const int FewAtFirst = 16;

    Due[] _ring = new Due[FewAtFirst];
    int _first;

    public int Count { get; private set; }
    public bool IsFull => Count >= CountMax;
    public Due First => _ring[_first];
    public Due Last => _ring[(_first + Count - 1) & (_ring.Length - 1)];
    public Due this[int index] => _ring[(_first + index) & (_ring.Length - 1)];

    public void Add(Due due)
    {
        if (Count == _ring.Length)
            Grow();
        _ring[(_first + Count++) & (_ring.Length - 1)] = due;
    }

    public Due Take()
    {
        Check.That(Count > 0);
        var due = _ring[_first];
        _ring[_first] = default;
        // The usual one message at a time stays where the memory is warm.
        _first = --Count == 0 ? 0 : (_first + 1) & (_ring.Length - 1);
        return due;
    }

    public void TakeLast()
    {
        Check.That(Count > 0);
        Count--;
    }

    void Grow()
    {
        var larger = new Due[2 * _ring.Length];
        for (var i = 0; i < Count; i++)
            larger[i] = this[i];
        (_ring, _first) = (larger, 0);
    }
}
