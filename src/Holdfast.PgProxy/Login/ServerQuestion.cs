using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a server answered.</summary>
/// <param name="Row">The last one, empty if it can't be read; null: there was none.</param>
/// <param name="IsDoubted">It warned that a commit did not wait for its standbys.</param>
/// <param name="Trouble">Its error, or what became of the connection, for the log; null: it answered.</param>
/// <param name="IsBroken">The connection is of no use any more.</param>
internal sealed record ServerAnswer(IReadOnlyList<string?>? Row, bool IsDoubted, string? Trouble, bool IsBroken)
{
    /// <summary>The first column; null: NULL, or there is none.</summary>
    public string? Value => Row is [var first, ..] ? first : null;
}

/// <summary>Asks a server one thing after another, over a connection of our own. On the loop's thread, one question at
/// a time.</summary>
internal sealed class ServerQuestion : IDisposable
{
    static readonly byte[] s_execute = Messages.Of(ClientMessage.Execute, [0, 0, 0, 0, 0]);
    static readonly byte[] s_sync = Messages.Of(ClientMessage.Sync, []);

    readonly Connection _connection;
    readonly Inbox _inbox = new();

    /// <param name="server">Whose.</param>
    /// <param name="connection">Logged in, with nothing to read. Ours from now on.</param>
    public ServerQuestion(Server server, Connection connection)
    {
        (Server, _connection) = (server, connection);
        (_connection.User, _inbox.Connection) = (_inbox, connection);
    }

    public Server Server { get; }

    /// <summary>Its time is up: whoever asks is told that there is no answer.</summary>
    public void GiveUp() => _inbox.GiveUp();

    public Task<ServerAnswer> AskAsync(string sql)
    {
        _connection.Send(Messages.Query(sql));
        return AnswerAsync();
    }

    /// <param name="sql">With one parameter.</param>
    /// <param name="parameter">Never part of the SQL.</param>
    public Task<ServerAnswer> AskAsync(string sql, string parameter)
    {
        _connection.Send((byte[])
        [
            .. Messages.Of(ClientMessage.Parse, Encoding.UTF8.GetBytes($"\0{sql}\0\0\0")),
            .. Messages.Of(ClientMessage.Bind, Bind(Encoding.UTF8.GetBytes(parameter))), .. s_execute, .. s_sync,
        ]);
        return AnswerAsync();
    }

    async Task<ServerAnswer> AnswerAsync()
    {
        var answer = new ServerAnswer(null, false, null, false);
        while (true)
        {
            switch (MessageHeader.FromServer(_inbox.Bytes, out var header))
            {
                case HeaderRead.Whole when header.WholeBytes <= _inbox.Bytes.Length:
                    answer = With(answer, header.Tag, _inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes));
                    _inbox.Drop((int)header.WholeBytes);
                    if (header.Tag == ServerMessage.ReadyForQuery)
                        return answer;
                    break;
                case HeaderRead.Broken:
                    return Broken(answer, "does not speak PostgreSQL's protocol");
                default:
                    if (!await _inbox.MoreAsync())
                        return Broken(answer, "closed the connection, or took too long");
                    break;
            }
        }
    }

    ServerAnswer Broken(ServerAnswer answer, string why) =>
        answer with { Trouble = answer.Trouble ?? $"{Server} {why}", IsBroken = true };

    static ServerAnswer With(ServerAnswer answer, byte tag, ReadOnlySpan<byte> body) => tag switch
    {
        ServerMessage.DataRow => answer with { Row = DataRow.Read(body) ?? [] },
        ServerMessage.Error => answer with { Trouble = ErrorResponse.Field(body, 'M') ?? "the query failed" },
        ServerMessage.Notice when BarrierCommit.TellsWaitGivenUp(body) => answer with { IsDoubted = true },
        _ => answer,
    };

    // One parameter, and all of it as text.
    static byte[] Bind(byte[] parameter)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, parameter.Length);
        return [0, 0, 0, 0, 0, 1, .. length, .. parameter, 0, 0];
    }

    public void Dispose()
    {
        _connection.Send(Messages.Terminate);
        _connection.Close();
        _inbox.Dispose();
    }
}
