using Holdfast.Cluster.Model;
using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

public sealed class RouteTableTests
{
    static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void A_server_may_serve_while_the_view_is_fresh()
    {
        var view = View(Led("n1", 7, Primary("n1", 7)), age: TimeSpan.FromSeconds(1));
        var table = RouteTable.Of(view, Now);
        var server = ((Route.To)table.Primary).Servers[0];
        table.MayServe(Port.Primary, server, Now).ShouldBeTrue();
        table.MayServe(Port.Primary, server, Now + TimeSpan.FromSeconds(1.9)).ShouldBeTrue();
        table.MayServe(Port.Primary, server, Now + TimeSpan.FromSeconds(2)).ShouldBeFalse();
        table.WhyNobody(Port.Primary, Now).ShouldBeNull();
        table.WhyNobody(Port.Primary, Now + Ttl).ShouldBe("no news of the store");
    }

    [Fact]
    public void Another_server_or_address_may_not()
    {
        var table = RouteTable.Of(View(Led("n1", 7, Primary("n1", 7))), Now);
        var server = ((Route.To)table.Primary).Servers[0];
        table.MayServe(Port.Primary, server with { Name = new NodeName("n2") }, Now).ShouldBeFalse();
        table.MayServe(Port.Primary, server with { Port = 1 }, Now).ShouldBeFalse();
        table.MayServe(Port.Primary, server with { Role = ServerRole.Replica }, Now).ShouldBeFalse();
        RouteTable.None.MayServe(Port.Primary, server, Now).ShouldBeFalse();
    }

    [Fact]
    public void A_primary_with_its_lock_on_a_new_lease_goes_on_with_the_connections_it_has()
    {
        var server = ((Route.To)RouteTable.Of(View(Led("n1", 7, Primary("n1", 7))), Now).Primary).Servers[0];
        var table = RouteTable.Of(View(Led("n1", 9, Primary("n1", 7))), Now);
        table.MayServe(Port.Primary, server, Now).ShouldBeTrue();
        table.WhyNobody(Port.Primary, Now).ShouldNotBeNull(); // For those that would log in.
        table.MayServe(Port.Primary, server with { Name = new NodeName("n2") }, Now).ShouldBeFalse();
        table.MayServe(Port.Primary, server, Now + Ttl).ShouldBeFalse();
        var handingOver = Led("n1", 9, Primary("n1", 7) with { HandsOver = true });
        RouteTable.Of(View(handingOver), Now).MayServe(Port.Primary, server, Now).ShouldBeFalse();
        RouteTable.Of(View(Led("n1", 7, Primary("n1", 9))), Now).MayServe(Port.Primary, server, Now).ShouldBeFalse();
    }

    static RoutingView View(ClusterView cluster, TimeSpan age = default) =>
        new() { Cluster = cluster, Age = age, DefaultTtl = Ttl, NewestTerm = new Term(7) };
}
