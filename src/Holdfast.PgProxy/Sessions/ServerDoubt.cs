using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>
/// A success that may be none: a cancel, or an administrator, that ends a commit's wait for its standbys leaves it done
/// on the primary alone, and PostgreSQL says that it succeeded (SyncRepWaitForLSN). So the answer waits until a commit
/// behind it has met the rule.
/// </summary>
internal sealed partial class ServerSession
{
    /// <summary>More than this behind an answer in doubt is not waited for.</summary>
    const int WithheldBytesMax = 1024 * 1024;

    Carry _withheld;
    TextTraits _done;
    bool _isDoubted, _withholds, _isPartDone;

    /// <summary>Said of the open transaction, just before its COMMIT was sent.</summary>
    public CommitEvidence? Evidence { get; private set; }

    /// <summary>Units whose answers were not passed on, once the server is lost.</summary>
    public int WithheldUnits { get; private set; }

    /// <summary>Some of the open unit is done, and its end is not.</summary>
    public bool IsPartDone => _isPartDone;

    /// <summary>What that was.</summary>
    public TextTraits Done => _done;

    bool IsEvidence => Due.Count > 0 && Due.First.To == DueTo.Evidence;

    /// <summary>Asks what the transaction is, before its COMMIT is sent.</summary>
    public void AskForEvidence(ref Outgoing outgoing)
    {
        Evidence = null;
        Owe(new Due(DueKind.Query, DueTo.Evidence));
        outgoing.Insert(Messages.Evidence);
    }

    void OnNotice(ReadOnlySpan<byte> body) => _isDoubted |= BarrierCommit.TellsWaitGivenUp(body);

    // A unit of the client is over.
    void Doubt()
    {
        var mayHaveCommitted = _lastError is null && Server.Role == ServerRole.Primary
            && (_status == Idle || (_done & TextTraits.MayCommit) != TextTraits.None);
        Evidence = null;
        (_done, _isPartDone) = (TextTraits.None, false);
        if ((_isDoubted && mayHaveCommitted) || _withholds)
        {
            _withholds = true;
            Client?.OnDoubt();
        }
        _isDoubted &= Due.Count > 0 || CancelsUnderWay > 0;
    }

    void Withhold(ReadOnlySpan<byte> piece)
    {
        if (_withheld.Bytes.Length < WithheldBytesMax)
            _withheld.Keep(piece);
    }

    // Once all else is answered: a barrier is no barrier within a transaction.
    void AskForDurability()
    {
        if (IsInTransaction || _withheld.Bytes.Length >= WithheldBytesMax || Client is null)
        {
            Lose("what was done before a cancel could not be proved durable");
            return;
        }
        _isDoubted = false;
        Owe(new Due(DueKind.Query, DueTo.Barrier));
        Connection.Send(Messages.Barrier);
    }

    void Settle(bool isDurable)
    {
        _withholds = false;
        _isDoubted = CancelsUnderWay > 0;
        if (isDurable)
            Client?.OnDurable(_withheld.Bytes);
        else
            Client?.OnNotDurable(UnitsIn(_withheld.Bytes));
        _withheld.Clear();
    }

    static int UnitsIn(ReadOnlySpan<byte> messages)
    {
        var units = 0;
        while (MessageHeader.FromServer(messages, out var header) == HeaderRead.Whole)
        {
            units += header.Tag == ServerMessage.ReadyForQuery ? 1 : 0;
            messages = messages[(int)header.WholeBytes..];
        }
        return units;
    }
}
