using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;

namespace Holdfast.Doubles.PgProxy;

/// <summary>Remembers until the test ends, and believes everything unless told otherwise.</summary>
public sealed class FakeTermMemory(long newest = 0) : ITermMemory
{
    public Term Newest { get; private set; } = new(newest);
    public string? Distrust { get; set; }

    public string? WhyNotBelieved(ClusterView view)
    {
        if (Distrust is null && view.Leader is { } leader && leader.Term > Newest)
            Newest = leader.Term;
        return Distrust;
    }
}
