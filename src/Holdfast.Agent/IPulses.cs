using Holdfast.Cluster.Model;

namespace Holdfast.Agent;

/// <summary>Signs of life of a primary's agent to its members, five times a second. They carry no right; to miss them
/// is
/// only a reason to ask around.</summary>
internal interface IPulses
{
    /// <summary>CLOCK_BOOTTIME of the last one heard from the primary of <paramref name="term"/>; null: none.</summary>
    TimeSpan? LastHeard(Term term);

    /// <summary>To whom they go while this node is primary of <paramref name="term"/> (REST addresses; pulses take the
    /// same
    /// port); none: to nobody.</summary>
    void SendTo(Term term, IReadOnlyCollection<string> apiUrls);
}
