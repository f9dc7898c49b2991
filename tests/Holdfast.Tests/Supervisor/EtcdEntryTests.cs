using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class EtcdEntryTests
{
    const string Peer = "http://10.0.0.3:2380";

    static readonly EtcdMember
        First = new(1, "n1", ["http://10.0.0.1:2380"], ["http://10.0.0.1:2379"]),
        Second = new(2, "n2", ["http://10.0.0.2:2380"], ["http://10.0.0.2:2379"]);

    [Fact]
    public void Where_nobody_answers_the_cluster_is_made_as_the_file_says() =>
        EtcdEntry.Decide(default, Nodes.N3, Peer).ShouldBeOfType<EtcdEntry.StartNew>();

    [Fact]
    public void A_slow_host_of_a_cluster_that_is_just_being_made_starts_as_the_file_says() =>
        EtcdEntry.Decide([First, Second, new(3, "n3", [Peer], [])], Nodes.N3, Peer)
            .ShouldBeOfType<EtcdEntry.StartNew>();

    [Fact]
    public void A_member_that_had_started_and_lost_its_data_is_replaced() =>
        EtcdEntry.Decide([First, Second, new(3, "n3", [Peer], ["http://10.0.0.3:2379"])], Nodes.N3, Peer)
            .ShouldBeOfType<EtcdEntry.Replace>().Former.ShouldBe(3ul);

    [Fact]
    public void A_member_that_was_added_but_never_started_joins() =>
        EtcdEntry.Decide([First, Second, new(4, "", [Peer], [])], Nodes.N3, Peer).ShouldBeOfType<EtcdEntry.Join>();

    [Fact]
    public void A_host_that_the_cluster_does_not_know_is_added() =>
        EtcdEntry.Decide([First, Second], Nodes.N3, Peer).ShouldBeOfType<EtcdEntry.Add>();

    [Fact]
    public void Who_joins_names_the_members_as_the_cluster_does_and_itself_as_the_file_does()
    {
        var join = EtcdJoin.AsMemberOf([First, Second, new(4, "", [Peer], [])], Nodes.N3, Peer);
        join.Arguments.ShouldBe(
        [
            "--initial-cluster-state=existing",
            "--initial-cluster=n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380",
        ]);
    }
}
