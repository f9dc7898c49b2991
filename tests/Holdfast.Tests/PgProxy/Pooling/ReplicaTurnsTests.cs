using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

/// <summary>Which replica a pool should have one more connection to.</summary>
public sealed class ReplicaTurnsTests
{
    [Theory]
    [InlineData(4, 4, 0, "n3")]
    [InlineData(4, 0, 4, "n2")]
    [InlineData(4, 2, 2, null)]
    [InlineData(4, 3, 1, "n3")]
    [InlineData(1, 1, 0, "n3")] // The pool's size is somebody else's business.
    [InlineData(5, 3, 2, null)]
    public void Equal_weights_have_equal_parts(int size, int n2, int n3, string? poorest) =>
        Poorest(size, (n2, 1), (n3, 1)).ShouldBe(poorest);

    [Theory]
    [InlineData(6, 2, 2, "n2")]
    [InlineData(6, 4, 2, null)]
    [InlineData(6, 5, 1, "n3")]
    [InlineData(2, 2, 0, "n3")]
    public void Parts_follow_the_weights(int size, int n2, int n3, string? poorest) =>
        Poorest(size, (n2, 2), (n3, 1)).ShouldBe(poorest);

    static string? Poorest(int size, (int Has, int Weight) n2, (int Has, int Weight) n3)
    {
        var route = new Route.To([Of("n2"), Of("n3")], "") { Weights = [n2.Weight, n3.Weight] };
        return ReplicaTurns.Poorest(route, server => server.Name.Value == "n2" ? n2.Has : n3.Has, size)?.Name.Value;
    }

    static Server Of(string name) => new(new NodeName(name), "127.0.0.1", 5432, ServerRole.Replica, Term.None);
}
