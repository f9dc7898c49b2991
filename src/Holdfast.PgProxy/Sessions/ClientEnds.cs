using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>How a client's session ends, and what it is told when its server does.</summary>
internal sealed partial class ClientSession
{
    /// <summary>Its server is gone.</summary>
    /// <param name="server">That was.</param>
    /// <param name="isWhole">No message of it is half sent.</param>
    /// <param name="why">For people.</param>
    public void OnServerLost(ServerSession server, bool isWhole, string why)
    {
        (Server, _source, _isInDoubt) = (null, _pool, false);
        if (_isClosed)
            return;
        var wasAsked = StopsAsking(server);
        var owes = (server.Due.Count > 0 && !wasAsked) || IsInUnit || server.WithheldUnits > 0;
        if (_isSettingUp || (wasAsked && !IsPinned))
        {
            // Nothing of it was sent yet: the next server may have it.
            _isSettingUp = false;
            GoOn();
        }
        else if (!isWhole)
        {
            Connection.Reset();
            Close(CloseReason.BackendFailed);
        }
        else if (IsPinned)
        {
            Refuse(CloseReason.BackendFailed,
                owes && !IsKnown(server) ? SqlState.TransactionResolutionUnknown : SqlState.AdminShutdown,
                $"the session was bound to its server: {why}");
        }
        else if (MayRepeat(server))
        {
            Repeat(server);
        }
        else if (MayFindOut(server))
        {
            FindOut(server, why);
        }
        else if (owes)
        {
            FailUnits(server, why);
            GoOn();
        }
        else if (server.IsInTransaction)
        {
            _untold = (SqlState.SerializationFailure, $"the transaction was rolled back: {why}");
        }
    }

    // Nothing of it was carried out, or it was, in a transaction that nothing has ended.
    static bool IsKnown(ServerSession server)
    {
        var due = server.Due;
        if (server.WithheldUnits > 0)
            return false;
        var (runs, isCommit, traits) = (server.IsPartDone, true, server.Done);
        for (var i = 0; i < due.Count; i++)
        {
            runs |= due[i].Runs && due[i].To == DueTo.Client && !due[i].OnlyBegins;
            traits |= due[i].Traits;
            isCommit &= (due[i].Traits & TextTraits.MayCommit) == TextTraits.None
                || (due[i].Traits & TextTraits.Commits) != TextTraits.None;
        }
        return !runs
            || (server.IsInTransaction && (traits & TextTraits.MayCommit) == TextTraits.None)
            // It said itself that it stopped before the end.
            || (server.Loss == LossKind.Ended && isCommit);
    }

    void FailUnits(ServerSession server, string why)
    {
        var isKnown = IsKnown(server);
        var error = isKnown
            ? ErrorResponse.Of("ERROR", SqlState.SerializationFailure, $"the transaction was rolled back: {why}")
            : InDoubt(why);
        _pool.Counts.Lost(isKnown);
        for (var i = 0; i < server.WithheldUnits; i++)
            EndUnit(error);
        for (var i = 0; i < server.Due.Count; i++)
        {
            if (server.Due[i] is { EndsUnit: true, To: DueTo.Client or DueTo.ClientFromUs })
                EndUnit(error);
        }
        _skipsToSync = IsInUnit;
        if (IsInUnit)
            Connection.Send(error);
    }

    static byte[] InDoubt(string why) => ErrorResponse.Of(
        "ERROR", SqlState.TransactionResolutionUnknown, $"whether it was carried out is not known: {why}");

    void EndUnit(ReadOnlySpan<byte> error)
    {
        Connection.Send(error);
        Connection.Send(Messages.Ready);
    }

    /// <summary>Says why, and ends it.</summary>
    public void Refuse(CloseReason reason, string sqlState, string message)
    {
        if (_isClosed)
            return;
        Connection.Send(ErrorResponse.Fatal(sqlState, message));
        Worker.Bid(Connection);
        Close(reason);
    }

    /// <summary>Has what it runs cancelled.</summary>
    /// <param name="over">From here on nothing of it can hit what the client asks next.</param>
    public void Cancel(Action? over = null)
    {
        if (Server is not { Due.Count: > 0 } server)
        {
            over?.Invoke();
            return;
        }
        _pool.Counts.Cancels++;
        server.Cancel(over);
    }

    public void Close(CloseReason reason)
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _source.StopWaiting(this);
        var server = Server;
        Server = null;
        DropNames();
        _carry.Clear();
        if (ReferenceEquals(Connection.User, this))
            Connection.Close();
        // What the server was sent of a unit, or of a message, must not become part of the next client's.
        if (IsInUnit || _passing > 0)
            server?.Abandon();
        else
            server?.Leave(IsPinned || _pool.Settings.Mode == PoolMode.Session);
        LeavePrimaries();
        _ended(reason);
    }
}
