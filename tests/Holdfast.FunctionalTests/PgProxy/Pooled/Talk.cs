using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Doubles.PgProxy;
using Holdfast.Postgres.Wire;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What a client says in one go, and until which answer it then listens.</summary>
/// <param name="Bytes">Whole messages.</param>
/// <param name="Until">The tag that ends it.</param>
/// <param name="Times">How many of them.</param>
sealed record Step(byte[] Bytes, char Until = 'Z', int Times = 1)
{
    public static Step Of(params byte[][] messages) => new(Say.All(messages));

    public static Step To(char until, params byte[][] messages) => new(Say.All(messages), until);

    /// <summary>Several units, each with its ReadyForQuery.</summary>
    public static Step Units(int count, params byte[][] messages) => new(Say.All(messages), 'Z', count);
}

/// <summary>A client that keeps all that it is told, as text that can be compared.</summary>
sealed partial class Talk : IDisposable
{
    readonly RawClient _client;
    readonly StringBuilder _heard = new();
    readonly byte[] _key;

    Talk(RawClient client, byte[] key) => (_client, _key) = (client, key);

    // The proxy's names for statements are its own; what an error says of them is not compared.
    [GeneratedRegex("prepared statement \"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex StatementName();

    /// <summary>Logs in to a server with the password of tests, or to a proxy that asks for none.</summary>
    public static async Task<Talk> LoginAsync(
        int port, string user = "postgres", string database = "postgres", string? application = null)
    {
        var client = await RawClient.ConnectAsync(port);
        await client.SendAsync(RawClient.Startup(user, database, application));
        var scram = new ScramClient(new KnownPassword(RealPostgres.Password), null);
        byte[] key = [];
        while (await client.MessageAsync() is var (tag, body) && tag != 'Z')
        {
            if (tag == 'E')
                throw new InvalidOperationException(ErrorResponse.Field(body, 'M'));
            if (tag == 'K')
                key = body;
            if (tag != 'R')
                continue;
            switch (BinaryPrimitives.ReadInt32BigEndian(body))
            {
                case 5:
                    var answer = Md5Password.Answer(
                        Md5Password.Stored(user, RealPostgres.Password), body.AsSpan(sizeof(int)));
                    await client.SendAsync(FakePostgres.Message('p', Encoding.ASCII.GetBytes(answer + "\0")));
                    break;
                case 10:
                    var first = Encoding.UTF8.GetBytes(scram.Begin());
                    var length = new byte[sizeof(int)];
                    BinaryPrimitives.WriteInt32BigEndian(length, first.Length);
                    await client.SendAsync(FakePostgres.Message(
                        'p', [.. "SCRAM-SHA-256\0"u8, .. length, .. first]));
                    break;
                case 11:
                    await client.SendAsync(FakePostgres.Message(
                        'p', Encoding.UTF8.GetBytes(scram.Prove(body.AsSpan(sizeof(int)))!)));
                    break;
            }
        }
        return new Talk(client, key);
    }

    public RawClient Client => _client;

    /// <summary>What it was told so far counts no more.</summary>
    public void Forget() => _heard.Clear();

    /// <summary>Asks for an end of what it runs; returns when the request was taken.</summary>
    public async Task CancelAsync(int port)
    {
        using var request = await RawClient.ConnectAsync(port);
        await request.SendAsync(RawClient.Request(80877102, _key));
        await request.EndsByResetAsync();
    }

    /// <summary>The value in the only column of the last row.</summary>
    public string LastValue
    {
        get
        {
            var row = _heard.ToString().Split('\n').Last(line => line.StartsWith("D ", StringComparison.Ordinal));
            return row[("D ".Length + (6 * 3))..];
        }
    }

    /// <summary>All so far, a line for each message.</summary>
    public string Heard => StatementName().Replace(_heard.ToString(), "prepared statement");

    /// <summary>The tags of this step's answers, and the status of each ReadyForQuery.</summary>
    public async Task<string> SayAsync(Step step)
    {
        await _client.SendAsync(step.Bytes);
        return await ListenAsync(step.Until, step.Times, step.Bytes.AsSpan().EndsWith(Say.Flush));
    }

    public Task<string> SayAsync(params byte[][] messages) => SayAsync(Step.Of(messages));

    /// <summary>Up to a message of this tag, or to an error in its place: that of a unit without a Sync, or the
    /// ReadyForQuery behind that of a statement.</summary>
    public async Task<string> ListenAsync(char until, int times = 1, bool isOpen = false)
    {
        var tags = new StringBuilder();
        while (times > 0)
        {
            var (tag, body) = await _client.MessageAsync();
            _heard.Append(tag).Append(' ').Append(Readable(body)).Append('\n');
            tags.Append(tag);
            if (tag == 'Z')
                tags.Append((char)body[0]);
            if (tag == until)
                times--;
            else if (until != 'Z' && tag == (isOpen ? 'E' : 'Z'))
                return tags.ToString();
        }
        return tags.ToString();
    }

    static string Readable(byte[] body)
    {
        var text = new StringBuilder();
        foreach (var one in body)
            text.Append(one is >= 0x20 and < 0x7f ? ((char)one).ToString() : $"\\{one:x2}");
        return text.ToString();
    }

    public void Dispose() => _client.Dispose();
}
