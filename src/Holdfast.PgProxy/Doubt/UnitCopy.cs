namespace Holdfast.PgProxy.Doubt;

/// <summary>
/// What a client has sent since its server was last at rest, as it came: for another server, should this one be lost
/// before it has answered. Its memory is used again.
/// </summary>
internal sealed class UnitCopy
{
    /// <summary>Longer units are not sent a second time.</summary>
    public const int BytesMax = 16 * 1024;

    const int FewAtFirst = 256;

    byte[] _bytes = [];
    int _count;

    /// <summary>All is here, and nothing of it was answered.</summary>
    public bool IsWhole { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _count);

    public void Begin() => (_count, IsWhole) = (0, true);

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (!IsWhole)
            return;
        if (_count + piece.Length > BytesMax)
        {
            IsWhole = false;
            return;
        }
        if (_count + piece.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Clamp(2 * (_count + piece.Length), FewAtFirst, BytesMax));
        piece.CopyTo(_bytes.AsSpan(_count));
        _count += piece.Length;
    }

    /// <summary>Some of it was answered: it can't be sent a second time.</summary>
    public void Spoil() => IsWhole = false;
}
