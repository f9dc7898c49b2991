namespace Holdfast.PgProxy.Pooling;

/// <summary>One object for equal sets, so that a client and a server that agree are seen to at a glance.</summary>
internal sealed class ParameterSets
{
    /// <summary>More kinds of clients than this are compared value by value.</summary>
    const int CountMax = 10_000;

    readonly Dictionary<ParameterSet, ParameterSet> _known = [];

    public ParameterSet Same(ParameterSet set)
    {
        if (_known.TryGetValue(set, out var known))
            return known;
        if (_known.Count < CountMax)
            _known.Add(set, set);
        return set;
    }
}
