namespace Holdfast.PgProxy.Loops;

/// <summary>
/// Lets a peer read our last words: closing with bytes of it unread would reset the connection, and could take the
/// message with it.
/// </summary>
internal sealed class Farewell : ConnectionUser
{
    readonly Connection _connection;
    readonly Deadlines _deadlines;
    readonly LinkedListNode<(TimeSpan At, Action Missed)> _deadline;

    Farewell(Connection connection, Deadlines deadlines)
    {
        (_connection, _deadlines) = (connection, deadlines);
        _deadline = deadlines.Add(connection.Close);
    }

    /// <summary>Closes it once the peer has, or at the deadline.</summary>
    public static void Bid(Connection connection, Deadlines deadlines)
    {
        if (connection.IsClosed)
            return;
        connection.User = new Farewell(connection, deadlines);
        connection.CloseHalf();
        connection.Resume();
    }

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        // Nobody listens any more.
    }

    public override void OnDrained() => _connection.CloseHalf();

    public override void OnEnded()
    {
        _deadlines.Met(_deadline);
        _connection.Close();
    }
}
