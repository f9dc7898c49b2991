using System.Buffers;

namespace Holdfast.PgProxy.Loops;

/// <summary>The bytes of a stream that were read and can't be dealt with yet. Holds memory only while there are
/// some.</summary>
internal struct Carry
{
    byte[]? _bytes;
    int _from, _to;

    public readonly bool IsEmpty => _to == _from;
    public readonly ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_from, _to - _from);

    public void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (_bytes is null || _to + bytes.Length > _bytes.Length)
        {
            // Twice as much as is there, so that a long message is not copied for each of its pieces.
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * Bytes.Length, Bytes.Length + bytes.Length));
            Bytes.CopyTo(larger);
            var count = Bytes.Length;
            Clear();
            (_bytes, _to) = (larger, count);
        }
        bytes.CopyTo(_bytes.AsSpan(_to));
        _to += bytes.Length;
    }

    /// <summary>In front of all that is here already.</summary>
    public void PutBack(ReadOnlySpan<byte> bytes)
    {
        var behind = Bytes;
        var larger = ArrayPool<byte>.Shared.Rent(bytes.Length + behind.Length);
        bytes.CopyTo(larger);
        behind.CopyTo(larger.AsSpan(bytes.Length));
        var count = bytes.Length + behind.Length;
        Clear();
        (_bytes, _to) = (larger, count);
    }

    public void Drop(int bytes)
    {
        _from += bytes;
        if (IsEmpty)
            Clear();
    }

    public void Clear()
    {
        if (_bytes is not null)
            ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _from, _to) = (null, 0, 0);
    }
}
