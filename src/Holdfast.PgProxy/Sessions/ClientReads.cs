using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>Its reads show what it has written: on the replica port no unit is begun where that is not replayed yet. It
/// looks again every few milliseconds, each time at the server whose turn it is; after its limit it has one of the
/// primary port's, or an error.</summary>
internal sealed partial class ClientSession
{
    /// <summary>Between two looks.</summary>
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(5);

    bool _isHeld, _isBeginning, _awaitsRest;
    TimeSpan? _behindSince;
    Lsn? _wanted;
    Pool _source;
    Pool? _primaries;

    /// <summary>As whom it writes, and reads what was written.</summary>
    public Writer Writer => field ??= Writer.Of(Key, Card!.From.Address);

    /// <summary>Nothing of it is half sent.</summary>
    public bool IsBetweenUnits => !IsInUnit && _passing == 0 && !IsHeldUp;

    /// <summary>It may have written something, and is about to hear so.</summary>
    public void OnWritten() => Worker.Plane.Written.Count(Writer);

    /// <summary>Until its server has said where it is.</summary>
    public void HoldUp()
    {
        _isHeld = true;
        Connection.Pause();
    }

    // True: the unit that begins with this message sees all that it must.
    bool SeesWrites(byte tag, ref Outgoing outgoing)
    {
        var server = Server!;
        if (IsInUnit || !BeginsUnit(tag) || (server.IsInTransaction && server.Due.Count == 0))
            return true;
        // What others write while it waits is no business of this unit.
        if (_behindSince is null || _wanted is null)
            _wanted = Worker.Plane.Written.Wanted(Writer);
        if (server.Server.Role == ServerRole.Primary ? _behindSince is null : server.Shows(_wanted))
        {
            _behindSince = null;
            return true;
        }
        outgoing.Flush();
        HoldUp();
        // Sent without waiting for the units before it: then it is not known yet whether they end their transaction.
        _awaitsRest = server.Due.Count > 0;
        _isBeginning = !_awaitsRest;
        if (_isBeginning)
            server.AskPosition();
        return false;
    }

    static bool BeginsUnit(byte tag) => tag is not (ClientMessage.Sync or ClientMessage.Flush or ClientMessage.CopyData
        or ClientMessage.CopyDone or ClientMessage.CopyFail or ClientMessage.Password);

    /// <summary>Its server has said where it is, or could not.</summary>
    public void OnPosition()
    {
        if (!_isBeginning)
        {
            LetGoOn();
        }
        else if (Server!.Server.Role == ServerRole.Primary)
        {
            // It shows all of it, whatever it said: that is for the reads after this one.
            _behindSince = null;
            LetGoOn();
        }
        else if (Server.Shows(_wanted))
        {
            // From here on it counts as having waited: what it wants is not looked up anew.
            _behindSince ??= Worker.Loop.Now;
            LetGoOn();
        }
        else
        {
            // Others may have the server meanwhile, unless it is bound to it.
            _isBeginning = false;
            if (_behindSince is null)
                _pool.Counts.ReadsWaited++;
            _behindSince ??= Worker.Loop.Now;
            Connection.WatchesEnd = true;
            _ = LookAgainAsync(Server);
        }
    }

    // Once the server's bytes are dealt with; one that it begins a unit with it keeps until then.
    void LetGoOn() => Worker.Loop.Post(() =>
    {
        _isHeld = _isBeginning = false;
        GoOn();
    });

    async Task LookAgainAsync(ServerSession behind)
    {
        await Task.Delay(LookAgainAfter);
        _isHeld = false;
        if (!_isClosed && Worker.Loop.Now - _behindSince >= _pool.Settings.ReadYourWrites)
            PassOver(behind);
        GoOn();
    }

    void PassOver(ServerSession behind)
    {
        _pool.Counts.ReadsPassedOver++;
        if (Server is null && FallsBack)
        {
            _source = Primaries() ?? _pool;
            if (_source != _pool)
                return;
        }
        _behindSince = null;
        // As a standby says of a read that it gave up for its replay; at 57P03 drivers give the connection up.
        _untold = (SqlState.SerializationFailure,
            $"{behind.Server} has replayed the log up to {behind.Replayed} and not up to {Text(_wanted)}, where this "
            + $"user's clients on {Writer.Machine} have written, for "
            + $"{_pool.Settings.ReadYourWrites.TotalMilliseconds:0} ms (read_your_writes): try again, or read on "
            + "the primary port");
    }

    static string Text(Lsn? position) => position is { } known ? $"{known}" : "a position that is not known";

    // It is asked for anew each time: the primary may be nobody's now, or the operator may not want it.
    bool FallsBack => Worker.Plane.Look().Replicas.FallsBack
        && Worker.Routes.WhyNobody(Port.Primary, Worker.Loop.Now) is null;

    // The pool that the same client would have at the primary port; null: there are too many pools.
    Pool? Primaries()
    {
        if (_primaries is null && Worker.Plane.Directory.Enter(Key with { Port = Port.Primary }) is { } shared)
        {
            if (shared.Keys == Login.ServerKeys.None)
                shared.Keys = _pool.Shared.Keys;
            _primaries = Worker.PoolFor(shared);
        }
        return _primaries;
    }

    void LeavePrimaries()
    {
        if (_primaries is { } primaries)
            Worker.Plane.Directory.Leave(primaries.Shared);
        _primaries = null;
    }

    // All that was sent before is answered.
    void OnRest()
    {
        if (!_awaitsRest || Server is { Due.Count: > 0 })
            return;
        _awaitsRest = false;
        LetGoOn();
    }

    // True: its server went before it had said where it is, and owed nothing else. The next one is asked.
    bool StopsAsking(ServerSession server)
    {
        var wasAsked = server.Due.Count > 0 && server.Due.First.To == DueTo.Position;
        if (wasAsked || _awaitsRest)
            _isHeld = _isBeginning = _awaitsRest = false;
        return wasAsked;
    }
}
