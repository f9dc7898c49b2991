namespace Holdfast.PgProxy.Pooling;

/// <summary>What one server has parsed under our names, or is about to.</summary>
internal sealed class ServerStatements
{
    /// <summary>More would cost the server memory; those used longest ago are closed.</summary>
    public const int CountMax = 500;

    readonly Dictionary<PreparedStatement, long> _lastUse = [];
    long _uses;

    /// <summary>True: it is there. False: it has to be parsed, and counts as there from now on.</summary>
    public bool Use(PreparedStatement statement)
    {
        ref var lastUse = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
            _lastUse, statement, out var isThere);
        lastUse = ++_uses;
        return isThere;
    }

    /// <summary>One that is to be closed, since there are too many; null: there are not.</summary>
    public PreparedStatement? Surplus()
    {
        if (_lastUse.Count <= CountMax)
            return null;
        var oldest = _lastUse.MinBy(entry => entry.Value).Key;
        _lastUse.Remove(oldest);
        return oldest;
    }

    public void Forget(PreparedStatement statement) => _lastUse.Remove(statement);

    public void Clear() => _lastUse.Clear();
}
