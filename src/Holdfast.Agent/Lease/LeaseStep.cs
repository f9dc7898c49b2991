using System.Collections.Immutable;

namespace Holdfast.Agent.Lease;

/// <summary>What is due for the lease. Whoever drives the machine does it, and tells it what came of it.</summary>
internal abstract record LeaseStep
{
    /// <summary>Nothing before <paramref name="Until"/> (CLOCK_BOOTTIME).</summary>
    public sealed record Rest(TimeSpan Until) : LeaseStep;

    /// <summary>A renewal round, within <paramref name="Limit"/>: then <see cref="LeaseMachine.Renewed"/>.</summary>
    public sealed record Renew(LeaseState Of, TimeSpan Limit) : LeaseStep;

    /// <summary>A fresh lease for the key, which must be at <paramref name="ModRevision"/> (0: gone): then
    /// <see cref="LeaseMachine.Replaced"/>.</summary>
    public sealed record Replace(LeaseState Of, long ModRevision, TimeSpan Ttl, TimeSpan Limit) : LeaseStep;

    /// <summary>The store is silent: does every member confirm the term? Then
    /// <see cref="LeaseMachine.Confirmed"/>.</summary>
    public sealed record AskMembers(LeaseState Of, ImmutableArray<string> ApiUrls, TimeSpan Limit) : LeaseStep;

    /// <summary>The second owner must have the new deadline before it counts: then
    /// <see cref="LeaseMachine.HandedOver"/>.</summary>
    public sealed record HandOver(LeaseState Before, LeaseState After, TimeSpan NextRound) : LeaseStep;

    /// <summary>Tells the second owner that nobody may write: then <see cref="LeaseMachine.GaveBack"/>.</summary>
    public sealed record GiveBack(LeaseState Ended) : LeaseStep;

    /// <summary>Kills PostgreSQL, now: then <see cref="LeaseMachine.Fenced"/>.</summary>
    public sealed record Fence(LeaseState? Of, string Why) : LeaseStep;
}
