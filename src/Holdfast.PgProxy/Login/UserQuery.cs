using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a server knows of a user.</summary>
/// <param name="Secret">Null: it may not log in with a password.</param>
/// <param name="Trouble">For the log; null: it answered.</param>
/// <param name="IsBroken">The connection is of no use any more.</param>
internal sealed record UserAnswer(UserSecret? Secret, string? Trouble, bool IsBroken);

/// <summary>A connection over which users are looked up, in the extended protocol: a name is never part of the SQL.
/// On the loop's thread, one question at a time.</summary>
internal sealed class UserQuery : IDisposable
{
    static readonly byte[] s_execute = Messages.Of(ClientMessage.Execute, [0, 0, 0, 0, 0]);
    static readonly byte[] s_sync = Messages.Of(ClientMessage.Sync, []);

    readonly Connection _connection;
    readonly Inbox _inbox = new();

    public UserQuery(Server server, LoggedIn loggedIn)
    {
        (Server, _connection) = (server, loggedIn.Connection);
        _inbox.Connection = _connection;
        _connection.User = _inbox;
    }

    public Server Server { get; }

    public void GiveUp() => _inbox.GiveUp();

    public async Task<UserAnswer> AskAsync(string sql, string user)
    {
        _connection.Send((byte[])
        [
            .. Messages.Of(ClientMessage.Parse, Encoding.UTF8.GetBytes($"\0{sql}\0\0\0")),
            .. Messages.Of(ClientMessage.Bind, Bind(Encoding.UTF8.GetBytes(user))), .. s_execute, .. s_sync,
        ]);
        UserSecret? secret = null;
        string? trouble = null;
        while (true)
        {
            switch (MessageHeader.FromServer(_inbox.Bytes, out var header))
            {
                case HeaderRead.Broken:
                    return new(null, $"{Server} does not speak PostgreSQL's protocol", true);
                case HeaderRead.Whole when header.WholeBytes <= _inbox.Bytes.Length:
                    Hear(header, ref secret, ref trouble);
                    _inbox.Drop((int)header.WholeBytes);
                    if (header.Tag == ServerMessage.ReadyForQuery)
                        return new(secret, trouble, false);
                    break;
                default:
                    if (!await _inbox.MoreAsync())
                        return new(null, trouble ?? $"{Server} closed the connection, or took too long", true);
                    break;
            }
        }
    }

    void Hear(MessageHeader header, ref UserSecret? secret, ref string? trouble)
    {
        var body = _inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes);
        if (header.Tag == ServerMessage.DataRow)
            secret = Secret(DataRow.Read(body), ref trouble);
        else if (header.Tag == ServerMessage.Error)
            trouble = ErrorResponse.Field(body, 'M') ?? "the query failed";
    }

    static UserSecret? Secret(IReadOnlyList<string?>? columns, ref string? trouble)
    {
        if (columns is [not null, var stored])
            return UserSecret.Stored(stored);
        trouble ??= "the query does not give two columns, a name and a password";
        return null;
    }

    // One parameter, and all of it as text.
    static byte[] Bind(byte[] user)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, user.Length);
        return [0, 0, 0, 0, 0, 1, .. length, .. user, 0, 0];
    }

    public void Dispose()
    {
        _connection.Send(Messages.Terminate);
        _connection.Close();
        _inbox.Dispose();
    }
}
