using Holdfast.Lab;
using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class SubnetTests
{
    [Fact]
    public void The_gateway_is_the_last_address_that_is_no_hosts()
    {
        Subnet.Of(["10.77.0.11", "10.77.0.13"]).ToString().ShouldContain("10.77.0.254");
        Subnet.Of(["10.77.0.11", "10.77.0.254"]).Gateway.ToString().ShouldBe("10.77.0.253");
    }

    [Fact]
    public void Hosts_that_are_far_apart_get_a_wider_network()
    {
        var subnet = Subnet.Of(["10.77.0.11", "10.77.3.12"]);
        (subnet.PrefixLength, subnet.Gateway.ToString()).ShouldBe((22, "10.77.3.254"));
    }

    [Theory, InlineData("fd00::1"), InlineData("db1.example")]
    public void Only_IPv4_addresses_are_taken(string address) =>
        Should.Throw<LabException>(() => Subnet.Of([address])).Message.ShouldContain(address);
}
