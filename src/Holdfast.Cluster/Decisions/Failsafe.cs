using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>Whether a member lets the primary go on while the store is silent.</summary>
public static class Failsafe
{
    /// <summary>A view that nothing has confirmed for so long: the store is silent. A watch is confirmed twice a
    /// second.</summary>
    public static readonly TimeSpan StoreSilentAfter = TimeSpan.FromSeconds(1);

    /// <summary>Why this member does not confirm; null: it may promise.</summary>
    /// <param name="view">The last one that the store gave.</param>
    /// <param name="viewAge">Of it.</param>
    /// <param name="leads">This member holds a counted lease itself.</param>
    /// <param name="asking">Who wants to go on.</param>
    /// <param name="term">In which term.</param>
    public static string? Refusal(ClusterView? view, TimeSpan viewAge, bool leads, NodeName asking, Term term)
    {
        if (leads)
            return "Running as a leader";
        if (view?.Leader is not { } leader)
            return "no leader is known here";
        // Whoever still sees the store will see there who leads; its word would keep a primary alive that others
        // replace.
        if (viewAge < StoreSilentAfter)
            return "the store is alive here";
        return leader.Holder == asking && leader.Term <= term
            ? null
            : $"{leader.Holder} was the last leader seen, in term {leader.Term}";
    }
}
