using System.Buffers.Binary;

namespace Holdfast.Postgres.Wire;

public enum LoginSight
{
    /// <summary>The login goes on.</summary>
    Going,

    /// <summary>The login ended, well or badly, or is nothing that can be read: nothing more to see.</summary>
    Over,

    /// <summary>The server reported <c>in_hot_standby=on</c> (PostgreSQL 14 and newer): it takes no writes.</summary>
    Standby,
}

/// <summary>
/// Reads along while a server answers a login in the clear, in pieces of any size, until ReadyForQuery.
/// Keeps no more than the beginning of one message. One thread at a time.
/// </summary>
public sealed class LoginWatch
{
    const int HeaderBytes = 5;

    /// <summary>No message of a login is longer; what claims to be is not a login in the clear.</summary>
    const int MessageBytesMax = 1024 * 1024;

    static ReadOnlySpan<byte> HotStandby => "in_hot_standby\0on\0"u8;

    readonly byte[] _front = new byte[HeaderBytes + "in_hot_standby\0on\0".Length];
    int _taken;
    int _whole = HeaderBytes;
    bool _over;

    /// <summary>Takes the next piece. After <see cref="LoginSight.Over"/> it only says so again.</summary>
    public LoginSight Feed(ReadOnlySpan<byte> piece)
    {
        var standby = false;
        while (!_over && !piece.IsEmpty)
        {
            piece = piece[Take(piece)..];
            if (_taken == HeaderBytes && _whole == HeaderBytes)
                ReadHeader();
            if (_taken < _whole || _over)
                continue;
            standby |= _front[0] == (byte)'S' && _front.AsSpan(HeaderBytes).SequenceEqual(HotStandby)
                && _whole == _front.Length;
            (_taken, _whole) = (0, HeaderBytes);
        }
        return standby ? LoginSight.Standby : _over ? LoginSight.Over : LoginSight.Going;
    }

    // Counts as much of the piece as belongs to this header or this message, and keeps what fits.
    int Take(ReadOnlySpan<byte> piece)
    {
        var take = Math.Min(piece.Length, _whole - _taken);
        if (_taken < _front.Length)
            piece[..Math.Min(take, _front.Length - _taken)].CopyTo(_front.AsSpan(_taken));
        _taken += take;
        return take;
    }

    void ReadHeader()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(_front.AsSpan(1));
        _over = _front[0] is (byte)'Z' or (byte)'E' || length is < sizeof(int) or > MessageBytesMax;
        _whole = _over ? HeaderBytes : 1 + length;
    }
}
