using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>How far its log is, for clients that read what they have written. Asked between two units, while the client
/// is held up: in a transaction the question would take its snapshot.</summary>
internal sealed partial class ServerSession
{
    bool _hasWritten, _isPositionDue;
    long _askedAfter;
    Lsn? _said;
    Lsn _replayed;

    bool IsPosition => Due.Count > 0 && Due.First.To == DueTo.Position;

    /// <summary>All of its timeline up to here can be read there.</summary>
    public bool Shows(Lsn? wanted) => wanted == Lsn.Zero
        || (wanted <= _replayed && _replayed > Lsn.Zero && !_pool.Worker.Routes.IsOnOldTimeline(Server));

    /// <summary>Where it was when it was asked last.</summary>
    public Lsn Replayed => _replayed;

    /// <summary>Nothing else may be due. The client is told when it is answered.</summary>
    public void AskPosition()
    {
        (_askedAfter, _said) = (_pool.Worker.Plane.Written.Asking(), null);
        Owe(new Due(DueKind.Query, DueTo.Position));
        Connection.Send(Server.Role == ServerRole.Primary ? Messages.Written : Messages.Replayed);
    }

    // Something of the client's was carried out.
    void NoteWrite(ReadOnlySpan<byte> tag, TextTraits traits) =>
        _hasWritten |= Server.Role == ServerRole.Primary && _pool.Settings.ReadsOwnWrites
            && (traits & TextTraits.Reads) == TextTraits.None && !CommandTag.WritesNothing(tag);

    // The client is about to hear that its unit is over.
    void CountWrite()
    {
        if (!_hasWritten || IsInTransaction)
            return;
        _hasWritten = false;
        _isPositionDue = true;
        Client?.OnWritten();
    }

    // A client that sends ever more without waiting for an answer is asked about when it rests; until then only the
    // primary will do for its machine's reads.
    void AskIfDue()
    {
        if (!_isPositionDue || !IsAtRest || CancelsUnderWay > 0 || Client is not { IsBetweenUnits: true } client)
            return;
        _isPositionDue = false;
        client.HoldUp();
        AskPosition();
    }

    void OnPosition()
    {
        if (_lastError is null && _said is { } at && Client is { } client)
        {
            if (Server.Role == ServerRole.Replica)
                _replayed = at;
            else if (_pool.Worker.Routes.MayServe(Port.Primary, Server, _pool.Worker.Loop.Now))
                _pool.Worker.Plane.Written.Answered(client.Writer, _askedAfter, at);
        }
        Client?.OnPosition();
    }

    // Null: a standby that has replayed nothing, or no position at all.
    static Lsn? ReadPosition(ReadOnlySpan<byte> row) =>
        DataRow.Read(row) is [{ } text] ? Lsn.TryParse(text) : null;
}
