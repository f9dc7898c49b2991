using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Loops;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a server answered.</summary>
/// <param name="Value">The first column of the last row; null: NULL, or no row.</param>
/// <param name="IsDoubted">It warned that a commit did not wait for its standbys.</param>
internal sealed record ServerAnswer(string? Value, bool IsDoubted);

/// <summary>Asks a server one thing after another, over a connection of our own. On the loop.</summary>
internal sealed class ServerQuestion : IDisposable
{
    readonly Connection _connection;
    readonly Inbox _inbox = new();

    /// <param name="connection">Logged in, with nothing to read. Ours from now on.</param>
    public ServerQuestion(Connection connection)
    {
        _connection = connection;
        (_connection.User, _inbox.Connection) = (_inbox, connection);
    }

    /// <summary>Its time is up: whoever asks is told that there is no answer.</summary>
    public void GiveUp() => _inbox.GiveUp();

    /// <returns>Null: an error, or the server is gone.</returns>
    public async Task<ServerAnswer?> AskAsync(string sql)
    {
        _connection.Send(Messages.Query(sql));
        var (answer, isError) = (new ServerAnswer(null, false), false);
        while (true)
        {
            switch (MessageHeader.FromServer(_inbox.Bytes, out var header))
            {
                case HeaderRead.Whole when header.WholeBytes <= _inbox.Bytes.Length:
                    isError |= header.Tag == ServerMessage.Error;
                    answer = With(answer, header.Tag, _inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes));
                    _inbox.Drop((int)header.WholeBytes);
                    if (header.Tag == ServerMessage.ReadyForQuery)
                        return isError ? null : answer;
                    break;
                case HeaderRead.Broken:
                    return null;
                default:
                    if (!await _inbox.MoreAsync())
                        return null;
                    break;
            }
        }
    }

    static ServerAnswer With(ServerAnswer answer, byte tag, ReadOnlySpan<byte> body) => tag switch
    {
        ServerMessage.DataRow => answer with { Value = FirstColumn(body) },
        ServerMessage.Notice when ErrorResponse.Has(body, 'R', "SyncRepWaitForLSN"u8) =>
            answer with { IsDoubted = true },
        _ => answer,
    };

    // DataRow: a count, then for each column its length, -1 for NULL, and its bytes (PostgreSQL manual, Message
    // Formats).
    static string? FirstColumn(ReadOnlySpan<byte> row)
    {
        if (row.Length < sizeof(short) + sizeof(int))
            return null;
        var length = BinaryPrimitives.ReadInt32BigEndian(row[sizeof(short)..]);
        var value = row[(sizeof(short) + sizeof(int))..];
        return length < 0 || length > value.Length ? null : Encoding.UTF8.GetString(value[..length]);
    }

    public void Dispose()
    {
        _connection.Send(Messages.Terminate);
        _connection.Close();
        _inbox.Dispose();
    }
}
