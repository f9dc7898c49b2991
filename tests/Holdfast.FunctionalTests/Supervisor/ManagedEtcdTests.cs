using System.Diagnostics;
using Holdfast.Store;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Real etcd, looked after by three supervisors.</summary>
public sealed class ManagedEtcdTests(ITestOutputHelper output)
{
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leadership_leaves_the_host_of_the_primary()
    {
        await using var hosts = new ThreeEtcdHosts();
        await StartAllAsync(hosts);
        var leader = await hosts.LeaderAsync(_stop);
        var primary = hosts.File.Hosts[leader].Name.Value;
        var put = new Transaction([], [new Operation.Put($"/service/{hosts.File.Cluster}/leader", primary)]);
        (await hosts.Store.CommitAsync(put, _stop)).Outcome.ShouldBe(WriteOutcome.Written);
        var began = Stopwatch.GetTimestamp();
        while (await hosts.LeaderAsync(_stop) == leader)
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Wait.Limit);
        output.WriteLine($"leadership left {primary} after {Stopwatch.GetElapsedTime(began).TotalSeconds:F2} s");
    }

    [Fact]
    public async Task A_member_that_lost_its_data_is_replaced()
    {
        await using var hosts = new ThreeEtcdHosts();
        await StartAllAsync(hosts);
        var before = (await hosts.Store.MembersAsync(_stop)).Single(member => member.Name == "n3");
        var put = new Transaction([], [new Operation.Put("/test", "kept")]);
        (await hosts.Store.CommitAsync(put, _stop)).Outcome.ShouldBe(WriteOutcome.Written);

        await hosts.StopAsync(2);
        Directory.Delete(hosts.Folder(2).Paths.EtcdData, recursive: true);
        var began = Stopwatch.GetTimestamp();
        hosts.Start(2);
        await hosts.LeaderAsync(_stop);

        output.WriteLine($"back after {Stopwatch.GetElapsedTime(began).TotalSeconds:F2} s");
        var members = await hosts.Store.MembersAsync(_stop);
        members.Length.ShouldBe(3);
        members.Single(member => member.Name == "n3").Id.ShouldNotBe(before.Id);
        (await hosts.Store.ReadAsync(["/test"], _stop)).Find("/test")!.Value.ShouldBe("kept");
    }

    [Fact]
    public async Task A_member_that_stops_and_starts_keeps_its_data_and_its_place()
    {
        await using var hosts = new ThreeEtcdHosts();
        await StartAllAsync(hosts);
        var before = await hosts.Store.MembersAsync(_stop);
        await hosts.StopAsync(1);
        hosts.Start(1);
        await hosts.LeaderAsync(_stop);
        var after = await hosts.Store.MembersAsync(_stop);
        after.Select(member => member.Id).ShouldBe(before.Select(member => member.Id));
    }

    async Task StartAllAsync(ThreeEtcdHosts hosts)
    {
        var began = Stopwatch.GetTimestamp();
        for (var host = 0; host < 3; host++)
            hosts.Start(host);
        await hosts.LeaderAsync(_stop);
        output.WriteLine($"three members lead and follow after {Stopwatch.GetElapsedTime(began).TotalSeconds:F2} s");
    }
}
