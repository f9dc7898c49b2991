using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class MessageHeaderTests
{
    static byte[] Header(char tag, int length)
    {
        var bytes = new byte[MessageHeader.Bytes];
        bytes[0] = (byte)tag;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), length);
        return bytes;
    }

    [Theory]
    [InlineData('Q', 4)]
    [InlineData('Q', 0x4000_0002)]
    [InlineData('d', 1_000_000)]
    [InlineData('S', 10_004)]
    [InlineData('p', 65_539)]
    public void A_clients_message_within_PostgreSQLs_limits_is_read(char tag, int length)
    {
        MessageHeader.FromClient(Header(tag, length), out var header).ShouldBe(HeaderRead.Whole);
        header.ShouldBe(new MessageHeader((byte)tag, length - 4));
    }

    [Theory]
    [InlineData('Q', 3)]
    [InlineData('Q', -1)]
    [InlineData('Q', 0x4000_0003)]
    [InlineData('S', 10_005)]
    [InlineData('p', 65_540)]
    [InlineData('T', 4)]
    [InlineData('\0', 4)]
    public void What_no_client_may_send_is_broken(char tag, int length) =>
        MessageHeader.FromClient(Header(tag, length), out _).ShouldBe(HeaderRead.Broken);

    [Fact]
    public void An_unknown_tag_is_broken_before_its_length_is_here() =>
        MessageHeader.FromClient("G"u8, out _).ShouldBe(HeaderRead.Broken);

    [Theory]
    [InlineData('D', int.MaxValue, HeaderRead.Whole)]
    [InlineData('Z', 5, HeaderRead.Whole)]
    [InlineData('Z', 6, HeaderRead.Broken)]
    [InlineData('1', 5, HeaderRead.Broken)]
    [InlineData('Q', 4, HeaderRead.Broken)]
    public void A_servers_message_is_read_by_its_own_limits(char tag, int length, HeaderRead read) =>
        MessageHeader.FromServer(Header(tag, length), out _).ShouldBe(read);

    [Fact]
    public void No_bytes_crash_it() => Prop.ForAll<byte[]>(bytes =>
        MessageHeader.FromClient(bytes, out var header) != HeaderRead.Whole || header.BodyBytes >= 0)
        .QuickCheckThrowOnFailure();

    [Fact]
    public void It_is_written_as_it_is_read()
    {
        var bytes = new byte[MessageHeader.Bytes];
        new MessageHeader((byte)'Q', 7).Write(bytes);
        bytes.ShouldBe(Header('Q', 11));
    }
}
