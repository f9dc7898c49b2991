using Holdfast.Lab;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class CutTests
{
    static readonly LabHost Host = new("n1", "10.77.0.11", 1, "hf-x-n1", First: null);

    [Fact]
    public void A_cut_from_all_spares_only_loopback() =>
        Cut.Script(Cut.From("all", ClusterFiles.Three(), Host)).ShouldBe("""
            add table inet holdfast_lab
            add chain inet holdfast_lab cut_in { type filter hook input priority -300; policy accept; }
            add rule inet holdfast_lab cut_in iifname != "lo" drop
            add chain inet holdfast_lab cut_out { type filter hook output priority -300; policy accept; }
            add rule inet holdfast_lab cut_out oifname != "lo" drop

            """);

    [Fact]
    public void A_cut_from_etcd_drops_its_ports_on_either_side() =>
        Cut.Script(Cut.From("etcd", ClusterFiles.Three(), Host)).ShouldBe("""
            add table inet holdfast_lab
            add chain inet holdfast_lab cut_in { type filter hook input priority -300; policy accept; }
            add rule inet holdfast_lab cut_in iifname != "lo" tcp dport { 2379, 2380 } drop
            add rule inet holdfast_lab cut_in iifname != "lo" tcp sport { 2379, 2380 } drop
            add chain inet holdfast_lab cut_out { type filter hook output priority -300; policy accept; }
            add rule inet holdfast_lab cut_out oifname != "lo" tcp dport { 2379, 2380 } drop
            add rule inet holdfast_lab cut_out oifname != "lo" tcp sport { 2379, 2380 } drop

            """);

    [Fact]
    public void A_cut_from_replicas_names_the_other_hosts() =>
        Cut.Script(Cut.From("replicas", ClusterFiles.Three(), Host))
            .ShouldContain("cut_out oifname != \"lo\" ip daddr { 10.77.0.12, 10.77.0.13 } tcp dport { 5432 } drop");

    [Fact]
    public void A_misspelt_cut_is_told_the_right_word() =>
        Should.Throw<LabException>(() => Cut.From("replica", ClusterFiles.Three(), Host))
            .Message.ShouldBe("no cut 'replica'; did you mean 'replicas'? (there are: all, etcd, replicas)");
}
