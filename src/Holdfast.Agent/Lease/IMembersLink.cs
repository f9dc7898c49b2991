using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Lease;

/// <summary>The lease's own line to the other members, for when the store is silent. Blocking, used by the lease's
/// thread
/// only. Never throws.</summary>
internal interface IMembersLink : IDisposable
{
    /// <summary>True when all of them confirmed, before <paramref name="until"/> (CLOCK_BOOTTIME), that they will let
    /// the primary of <paramref name="term"/> go on.</summary>
    bool AllConfirm(ImmutableArray<string> apiUrls, Term term, TimeSpan until);
}
