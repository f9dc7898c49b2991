using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Holdfast.PgProxy.Loops;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

internal enum ProofOutcome
{
    /// <summary>It is who it says.</summary>
    Right,
    Wrong,

    /// <summary>It went.</summary>
    Gone,

    /// <summary>It said something else than an answer.</summary>
    Malformed,
}

/// <summary>Asks a client for its password, in one of PostgreSQL's ways, and checks the answer (PostgreSQL manual,
/// Message Flow: Start-up). On the loop's thread only.</summary>
/// <param name="connection">The client's.</param>
/// <param name="inbox">What it says.</param>
/// <param name="binding">What SCRAM may be bound to; null in clear.</param>
internal sealed class ClientProof(Connection connection, Inbox inbox, byte[]? binding)
{
    const int AskClear = 3, AskMd5 = 5, AskSasl = 10, SaslContinue = 11, SaslFinal = 12;

    bool _isMalformed;

    /// <summary>What an answer that was right has shown.</summary>
    public ServerKeys Keys { get; private set; } = ServerKeys.None;

    ProofOutcome NoAnswer => _isMalformed ? ProofOutcome.Malformed : ProofOutcome.Gone;

    public async Task<ProofOutcome> ClearAsync(string user, UserSecret secret)
    {
        connection.SendAtOnce(Messages.Authentication(AskClear, []));
        if (await AnswerAsync() is not { } answer)
            return NoAnswer;
        if (answer is not [.. var text, 0] || text.Length == 0)
            return ProofOutcome.Wrong;
        var password = Encoding.UTF8.GetString(text);
        if (!secret.IsRight(user, password))
            return ProofOutcome.Wrong;
        Keys = new ServerKeys(new KnownPassword(password), null, Md5Password.Stored(user, password));
        return ProofOutcome.Right;
    }

    public async Task<ProofOutcome> Md5Async(string stored)
    {
        var salt = RandomNumberGenerator.GetBytes(Md5Password.SaltBytes);
        connection.SendAtOnce(Messages.Authentication(AskMd5, salt));
        if (await AnswerAsync() is not { } answer)
            return NoAnswer;
        return CryptographicOperations.FixedTimeEquals(
            answer.AsSpan().TrimEnd((byte)0), Encoding.ASCII.GetBytes(Md5Password.Answer(stored, salt)))
                ? ProofOutcome.Right
                : ProofOutcome.Wrong;
    }

    public async Task<ProofOutcome> ScramAsync(ScramSecret secret)
    {
        var scram = new ScramServer(secret, binding);
        connection.SendAtOnce(Messages.Authentication(AskSasl, Encoding.ASCII.GetBytes(
            binding is null ? $"{ScramServer.Name}\0\0" : $"{ScramServer.NamePlus}\0{ScramServer.Name}\0\0")));
        if (await AnswerAsync() is not { } first)
            return NoAnswer;
        // Mechanism, zero, length of the rest, the rest.
        var end = Array.IndexOf(first, (byte)0);
        if (end < 0 || first.Length < end + 1 + sizeof(int)
            || BinaryPrimitives.ReadInt32BigEndian(first.AsSpan(end + 1)) != first.Length - end - 1 - sizeof(int)
            || scram.Begin(Encoding.ASCII.GetString(first, 0, end), first.AsSpan(end + 1 + sizeof(int)))
                is not { } asked)
            return ProofOutcome.Wrong;
        connection.SendAtOnce(Messages.Authentication(SaslContinue, Encoding.ASCII.GetBytes(asked)));
        if (await AnswerAsync() is not { } proof)
            return NoAnswer;
        if (scram.Finish(proof) is not { } final)
            return ProofOutcome.Wrong;
        connection.Send(Messages.Authentication(SaslFinal, Encoding.ASCII.GetBytes(final)));
        Keys = new ServerKeys(null, scram.Keys, null);
        return ProofOutcome.Right;
    }

    // Null: none that can be read.
    async Task<byte[]?> AnswerAsync()
    {
        while (true)
        {
            switch (MessageHeader.FromClient(inbox.Bytes, out var header))
            {
                case HeaderRead.Whole when header.Tag != ClientMessage.Password:
                case HeaderRead.Broken:
                    _isMalformed = true;
                    return null;
                case HeaderRead.Whole when header.WholeBytes <= inbox.Bytes.Length:
                    var body = inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes).ToArray();
                    inbox.Drop((int)header.WholeBytes);
                    return body;
            }
            if (!await inbox.MoreAsync())
                return null;
        }
    }
}
