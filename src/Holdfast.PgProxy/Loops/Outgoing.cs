namespace Holdfast.PgProxy.Loops;

/// <summary>
/// Puts together what is sent on of one read: mostly all of it as it came, in one call and without a copy; where
/// something is left out, changed or put in between, by way of the loop's staging memory.
/// </summary>
internal ref struct Outgoing(ReadOnlySpan<byte> input, Connection? to, Span<byte> staging)
{
    readonly ReadOnlySpan<byte> _input = input;
    readonly Span<byte> _staging = staging;
    int _from, _end, _staged;
    bool _hasSent;

    /// <summary>Whom it is for; nobody: it is dropped. Set before anything is passed.</summary>
    public Connection? To { get; set; } = to;

    /// <summary>Something is for the peer, or was sent already.</summary>
    public readonly bool HasAny => _hasSent || _staged > 0 || _end > _from;

    /// <summary>Forgets all of it, unless some was sent already.</summary>
    public bool TryDrop()
    {
        if (!_hasSent)
            (_from, _staged) = (_end, 0);
        return !_hasSent;
    }

    /// <summary>Sends this piece of the input on, after all that was passed before.</summary>
    public void Pass(int from, int end)
    {
        if (from != _end)
        {
            Stage();
            _from = from;
        }
        _end = end;
    }

    /// <summary>Puts bytes of our own in between.</summary>
    public void Insert(scoped ReadOnlySpan<byte> bytes)
    {
        Stage();
        Copy(bytes);
    }

    public void Flush()
    {
        if (_staged == 0)
        {
            To?.Send(_input[_from.._end]);
        }
        else
        {
            Stage();
            To?.Send(_staging[.._staged]);
        }
        (_from, _staged) = (_end, 0);
    }

    void Stage()
    {
        var piece = _input[_from.._end];
        _from = _end;
        Copy(piece);
    }

    void Copy(scoped ReadOnlySpan<byte> bytes)
    {
        if (_staged + bytes.Length > _staging.Length)
        {
            To?.Send(_staging[.._staged]);
            (_staged, _hasSent) = (0, true);
        }
        if (bytes.Length > _staging.Length)
        {
            To?.Send(bytes);
            _hasSent = true;
            return;
        }
        bytes.CopyTo(_staging[_staged..]);
        _staged += bytes.Length;
    }
}
