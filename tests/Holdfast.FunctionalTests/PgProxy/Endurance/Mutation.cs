using System.Buffers.Binary;
using Holdfast.Postgres.Wire;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>Changes to bytes that were valid. Safe from any thread; what comes of one seed depends on who asks
/// first.</summary>
sealed class Mutation(int seed)
{
    const int ChangesMax = 4;

    readonly Lock _asking = new();
    readonly Random _random = new(seed);

    /// <summary>From 0 to one less than <paramref name="end"/>.</summary>
    public int Below(int end)
    {
        lock (_asking)
            return _random.Next(end);
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        lock (_asking)
            _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>What a mad server sends: often what is right, now and then nothing, which ends it.</summary>
    public byte[] OfAnswer(byte[] answer) => Below(4) switch
    {
        0 or 1 => answer,
        _ => Of(answer),
    };

    /// <summary>One to some changes, each of bytes or of whole messages.</summary>
    public byte[] Of(byte[] valid)
    {
        var bytes = valid;
        for (var changes = 1 + Below(ChangesMax); changes > 0 && bytes.Length > 0; changes--)
            bytes = Below(2) == 0 ? OfBytes(bytes) : OfMessages(bytes);
        return bytes;
    }

    byte[] OfBytes(byte[] bytes)
    {
        var at = Below(bytes.Length);
        switch (Below(5))
        {
            case 0: // A bit.
                byte[] flipped = [.. bytes];
                flipped[at] ^= (byte)(1 << Below(8));
                return flipped;
            case 1: // Cut short.
                return bytes[..at];
            case 2: // Some left out.
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + 1 + Below(8))..]];
            case 3: // Some put in.
                return [.. bytes[..at], .. Bytes(1 + Below(16)), .. bytes[at..]];
            default: // Any bytes at all.
                return Bytes(1 + Below(200));
        }
    }

    byte[] OfMessages(byte[] bytes)
    {
        var messages = Split(bytes);
        if (messages.Count == 0)
            return bytes;
        var (one, other) = (Below(messages.Count), Below(messages.Count));
        switch (Below(5))
        {
            case 0: // In another order.
                (messages[one], messages[other]) = (messages[other], messages[one]);
                break;
            case 1: // Twice.
                messages.Insert(other, messages[one]);
                break;
            case 2: // Left out.
                messages.RemoveAt(one);
                break;
            case 3 when messages[one].Length >= MessageHeader.Bytes: // With another length.
                messages[one] = [.. messages[one]];
                BinaryPrimitives.WriteInt32BigEndian(messages[one].AsSpan(1), Length(messages[one].Length - 1));
                break;
            default: // With another tag.
                messages[one] = [.. messages[one]];
                messages[one][0] = "BCDEFHPQSXdcfpZTIKR123AnstvGWVN"u8[Below(31)];
                break;
        }
        return [.. messages.SelectMany(message => message)];
    }

    int Length(int real) => Below(6) switch
    {
        0 => real + 1 + Below(10),
        1 => Math.Max(0, real - 1 - Below(10)),
        2 => -Below(1000),
        3 => int.MaxValue - Below(10),
        4 => 0x3fff_ffff + Below(10),
        _ => Below(100_000),
    };

    // As far as they are whole; the rest is one.
    static List<byte[]> Split(byte[] bytes)
    {
        var messages = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = bytes.Length - at < MessageHeader.Bytes
                ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 1));
            var whole = length >= sizeof(int) && length < bytes.Length - at ? 1 + length : bytes.Length - at;
            messages.Add(bytes[at..(at + whole)]);
            at += whole;
        }
        return messages;
    }
}
