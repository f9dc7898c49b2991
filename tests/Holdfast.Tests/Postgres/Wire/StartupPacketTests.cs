using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class StartupPacketTests
{
    const int Protocol3 = 3 << 16, Cancel = 80877102, Ssl = 80877103, GssEnc = 80877104;

    [Theory]
    [InlineData(Protocol3, 8, StartupKind.Startup)]
    [InlineData(Protocol3, 10_004, StartupKind.Startup)]
    [InlineData(2 << 16, 296, StartupKind.Startup)]
    [InlineData(Ssl, 8, StartupKind.SslRequest)]
    [InlineData(GssEnc, 8, StartupKind.GssEncRequest)]
    [InlineData(Cancel, 16, StartupKind.CancelRequest)]
    [InlineData(Cancel, 268, StartupKind.CancelRequest)]
    public void A_whole_packet_is_known_by_its_code(int code, int bytes, StartupKind kind)
    {
        StartupPacket.Read(Packet(bytes, code), out var packet).ShouldBe(StartupRead.Whole);
        packet.ShouldBe(new StartupPacket(kind, bytes));
    }

    [Theory]
    [InlineData(Protocol3, 7)]
    [InlineData(Protocol3, 0)]
    [InlineData(Protocol3, -1)]
    [InlineData(Protocol3, 10_005)]
    [InlineData(Protocol3, int.MaxValue)]
    [InlineData(Ssl, 9)]
    [InlineData(GssEnc, 12)]
    [InlineData(Cancel, 15)]
    [InlineData(Cancel, 269)]
    public void A_packet_of_an_impossible_length_is_broken(int code, int bytes) =>
        StartupPacket.Read(Packet(bytes, code, 8), out _).ShouldBe(StartupRead.Broken);

    [Fact]
    public void Every_shorter_piece_needs_more()
    {
        var whole = Packet(40, Protocol3);
        for (var length = 0; length < whole.Length; length++)
            StartupPacket.Read(whole.AsSpan(0, length), out _).ShouldBe(StartupRead.NeedMore);
    }

    [Fact]
    public void What_follows_a_packet_does_not_matter() =>
        StartupPacket.Read([.. Packet(8, Ssl), 1, 2, 3], out var packet).ShouldBe(StartupRead.Whole);

    [Fact]
    public void No_bytes_crash_it() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var read = StartupPacket.Read(bytes, out var packet);
            return read != StartupRead.Whole || packet.Bytes <= bytes.Length;
        }).QuickCheckThrowOnFailure();

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void No_damaged_packet_crashes_it(int seed)
    {
        var random = new Random(seed);
        int[] codes = [Protocol3, Ssl, GssEnc, Cancel];
        for (var round = 0; round < 10_000; round++)
        {
            var bytes = Packet(random.Next(-4, 300), codes[random.Next(codes.Length)], random.Next(0, 300));
            if (bytes.Length > 0)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (StartupPacket.Read(bytes, out var packet) == StartupRead.Whole)
                packet.Bytes.ShouldBeInRange(8, bytes.Length);
        }
    }

    static byte[] Packet(int claimed, int code, int? length = null)
    {
        var bytes = new byte[Math.Max(8, length ?? claimed)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, claimed);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), code);
        return length is { } cut ? bytes[..cut] : bytes;
    }
}
