using Holdfast.Cluster.Model;

namespace Holdfast.Edge.Health;

/// <summary>What an instance may get, the best first.</summary>
internal enum Standing
{
    Usable,

    /// <summary>Its last check failed, or one out of doubt is slow: the others first.</summary>
    Suspect,

    /// <summary>It failed requests: only if there is nobody better.</summary>
    PassedOver,

    /// <summary>Not checked yet: only if there is nobody better.</summary>
    Untested,

    /// <summary>Its own checks fail: nothing.</summary>
    Out,

    /// <summary>It is about to stop: nothing new.</summary>
    Draining,
}

/// <summary>All that decides about an instance.</summary>
/// <param name="State">The supervisor's advice; of it only Draining counts.</param>
/// <param name="Active">The edge's own checks.</param>
/// <param name="Passive">Of the route in question.</param>
/// <param name="DoubtSince">When the check under way was asked for out of doubt; null: no such check.</param>
internal readonly record struct InstanceFacts(
    AppState State, ActiveHealth Active, PassiveHealth Passive, TimeSpan? DoubtSince);

internal static class Standings
{
    public static Standing Of(in InstanceFacts facts, TimeSpan now) => facts switch
    {
        { State: AppState.Draining } => Standing.Draining,
        { Active.IsUp: false } => Standing.Out,
        { Active.IsUp: null } => Standing.Untested,
        _ when facts.Passive.IsPassedOver(now) => Standing.PassedOver,
        { Active.Bad: > 0 } => Standing.Suspect,
        { DoubtSince: { } since } when now - since >= EdgeLimits.DoubtPatience => Standing.Suspect,
        _ => Standing.Usable,
    };

    public static bool MayBeTried(Standing standing) => standing < Standing.Out;

    /// <summary>An instance whose key is gone stays while it serves: a frozen supervisor or a lost store takes nothing
    /// away.</summary>
    /// <param name="isListed">Its key is there.</param>
    /// <param name="active">The edge's own checks.</param>
    public static bool Stays(bool isListed, ActiveHealth active) => isListed || active.IsUp is not false;
}
