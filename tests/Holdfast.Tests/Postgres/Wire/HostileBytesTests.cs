using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

/// <summary>Every parser of the protocol, with bytes that are near to what is valid, and with any: none throws, none
/// allocates more than the input is worth, and each agrees with a twin that reads byte by byte.</summary>
public sealed class HostileBytesTests
{
    /// <summary>For each byte of the input, and for what a result costs at least.</summary>
    const long BytesPerByte = 512, BytesAtLeast = 64 * 1024;

    static readonly byte[][] s_words =
    [
        .. ((string[])
        [
            "user", "database", "options", "_pq_.x", "S", "P", "Q", "D", "E", "R", "Z", "SELECT ", "SET ",
            "DISCARD ALL",
            "DEALLOCATE ", ";", "temp ", "set_config(", "hold", "\"", "\"\"", "SCRAM-SHA-256$4096:", "n,,n=,r=", ",p=",
            "=", ",", "md5", "/*", "*/", "--", "\n", "'", "in_hot_standby\0on\0",
        ]).Select(Encoding.ASCII.GetBytes),
        [0], [0], [0], [0, 0], [0, 0, 0, 8], [0, 3, 0, 0], [0, 3, 0, 2], [4, 210, 22, 46], [4, 210, 22, 47],
        [0, 0, 0, 16],
        [0, 0, 0, 22], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0xc3], [0xff],
    ];

    // Words of the protocol and any bytes, mixed; sizes grow with the run.
    static readonly Arbitrary<byte[]> s_hostile = Gen.OneOf(
            Gen.Elements(s_words), Gen.Elements(s_words), ArbMap.Default.GeneratorFor<byte[]>())
        .ListOf().Select(parts => parts.SelectMany(part => part).ToArray()).ToArbitrary();

    static void Holds(Func<byte[], bool> rule) => Prop.ForAll(s_hostile, bytes =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var holds = rule(bytes);
        return holds && GC.GetAllocatedBytesForCurrentThread() - before < BytesAtLeast + (BytesPerByte * bytes.Length);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Headers_of_messages() => Holds(bytes =>
        (MessageHeader.FromClient(bytes, out var client), client) == Twin(bytes, ClientMessage.BodyBytesMax)
        && (MessageHeader.FromServer(bytes, out var server), server) == Twin(bytes, ServerMessage.BodyBytesMax));

    static (HeaderRead, MessageHeader) Twin(byte[] bytes, Func<byte, int> bodyBytesMax)
    {
        if (bytes.Length == 0)
            return (HeaderRead.NeedMore, default);
        if (bodyBytesMax(bytes[0]) < 0)
            return (HeaderRead.Broken, default);
        if (bytes.Length < 5)
            return (HeaderRead.NeedMore, default);
        long length = (int)(((uint)bytes[1] << 24) | ((uint)bytes[2] << 16) | ((uint)bytes[3] << 8) | bytes[4]);
        return length - 4 < 0 || length - 4 > bodyBytesMax(bytes[0])
            ? (HeaderRead.Broken, default)
            : (HeaderRead.Whole, new MessageHeader(bytes[0], (int)length - 4));
    }

    [Fact]
    public void Startup_packets() => Holds(bytes =>
    {
        var read = StartupPacket.Read(bytes, out var packet);
        // Nothing is decided early that would be decided otherwise later, and nothing is read beyond the end.
        for (var length = 0; length < bytes.Length; length++)
        {
            var early = StartupPacket.Read(bytes.AsSpan(0, length), out _);
            if (early != StartupRead.NeedMore && early != read)
                return false;
        }
        return read != StartupRead.Whole
            || (packet.Bytes is >= 8 and <= StartupPacket.BytesMax && packet.Bytes <= bytes.Length
                && packet.Bytes == BinaryPrimitives.ReadInt32BigEndian(bytes));
    });

    [Fact]
    public void Startup_parameters() => Holds(bytes =>
    {
        if (StartupParameters.Read(bytes) is not { } read)
            return true;
        // What is written of it is read the same: where all of it was text.
        var again = StartupParameters.Read(StartupParameters.Write(read.Major & 0x7fff, read.Minor, read.Values))!;
        return again.Values.SequenceEqual(read.Values) && read.User.Length <= bytes.Length;
    });

    [Fact]
    public void Names_of_the_extended_protocol() => Holds(bytes =>
    {
        var zeros = bytes.Index().Where(one => one.Item == 0).Select(one => one.Index).ToArray();
        var isBind = ExtendedQuery.TryBind(bytes, out var portal, out var statement, out var rest);
        if (isBind != (zeros.Length >= 2)
            || (isBind && portal.Length + statement.Length + rest.Length + 2 != bytes.Length))
            return false;
        var isTarget = ExtendedQuery.TryTarget(bytes, out _, out var name);
        if (isTarget != (bytes is [(byte)'S' or (byte)'P', ..] && zeros is [var only, ..] && only == bytes.Length - 1)
            || (isTarget && name.Length != bytes.Length - 2))
            return false;
        var isExecute = ExtendedQuery.TryExecute(bytes, out var run, out _);
        if (isExecute != (zeros.Length > 0 && zeros[0] + 5 == bytes.Length) || (isExecute && run.Length != zeros[0]))
            return false;
        return !ExtendedQuery.TryParse(bytes, out _, out var text) || text.IndexOf((byte)0) >= 0;
    });

    [Fact]
    public void Errors() => Holds(bytes =>
        "SVCMDHPpqWstcdnFLR".All(field => (ErrorResponse.Field(bytes, field)?.Length ?? 0) <= bytes.Length)
        && FirstAnswer.Read(bytes) is not null);

    // In one piece or in any two: it sees the same.
    [Fact]
    public void Logins_that_are_watched() => Holds(bytes =>
    {
        var whole = Sights(bytes);
        for (var cut = 0; cut <= Math.Min(bytes.Length, 40); cut++)
        {
            if (Sights(bytes[..cut], bytes[cut..]) != whole)
                return false;
        }
        return true;
    });

    static (bool Standby, bool Over) Sights(params byte[][] pieces)
    {
        var watch = new LoginWatch();
        var sights = pieces.Select(piece => watch.Feed(piece)).ToArray();
        return (sights.Contains(LoginSight.Standby), watch.Feed([]) == LoginSight.Over);
    }

    [Fact]
    public void Proofs()
    {
        var secret = ScramSecret.Of("pencil", [1, 2, 3, 4], 1);
        Holds(bytes =>
        {
            var server = new ScramServer(secret, null, "nonce");
            server.Begin(ScramServer.Name, bytes);
            // Nobody gets in with what was not made of the password.
            return server.Finish(bytes) is null && server.Keys is null
                && new ScramClient(new KnownPassword("pencil"), null).Prove(bytes) is null
                && !new ScramClient(new KnownPassword("pencil"), null).IsProvedBy(bytes);
        });
    }

    [Fact]
    public void Secrets() => Holds(bytes =>
    {
        var text = Encoding.Latin1.GetString(bytes);
        return ScramSecret.Parse(text) is not { } read || ScramSecret.Parse(read.ToString()) == read;
    });

    [Fact]
    public void Texts_of_statements() => Holds(bytes =>
    {
        var traits = QueryText.Read(bytes);
        // The look at a name is the look at the whole: what names one is no DEALLOCATE ALL.
        return QueryText.Deallocated(bytes) is not { } name
            || (name.Length <= bytes.Length && (traits & TextTraits.Forgets) == TextTraits.None);
    });

    [Fact]
    public void Lists_of_users() => Holds(bytes =>
    {
        var text = Encoding.Latin1.GetString(bytes);
        try
        {
            return UserList.Read(text).Count <= bytes.Length;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    });

    [Fact]
    public void A_list_of_users_is_read_as_it_was_written() => Prop.ForAll<string, string>((user, password) =>
    {
        if (user is null || password is null || (user + password).AsSpan().IndexOfAny('\n', '\r') >= 0)
            return true;
        var read = UserList.Read(UserList.Write([new(user, password)]));
        return read[user].Password?.Text == password || UserSecret.Stored(password) is not null;
    }).QuickCheckThrowOnFailure();
}
