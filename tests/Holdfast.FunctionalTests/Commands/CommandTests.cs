using Holdfast.Commands;
using Holdfast.Doubles.Store;
using Holdfast.FunctionalTests.Agent.Rest;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Commands;

/// <summary>The commands against a real etcd, with the keys that agents write, and against the agents' real
/// APIs.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    readonly string _file = Path.Combine(Path.GetTempPath(), $"holdfast-{Guid.NewGuid():N}.yml");
    EtcdCluster _etcd = null!;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _etcd = await EtcdCluster.StartAsync(1, Stop);
        await File.WriteAllTextAsync(_file, $$"""
            cluster: filmopoisk
            hosts: { n1: 10.77.0.11, n2: 10.77.0.12 }
            etcd: { endpoints: ["{{_etcd.Endpoints[0]}}"] }
            postgres:
              on: [n1, n2]
              users: { postgres: { password: postgres } }
            """, Stop);
    }

    [Fact]
    public async Task List_reads_the_members_from_etcd()
    {
        using var store = _etcd.Connect();
        await using var api = await ApiUnderTest.StartAsync(store);
        (await RunAsync("list", "-o", "json")).ShouldBe((0, """
            [{"Cluster":"filmopoisk","Member":"n1","Host":"10.77.0.11","Role":"Leader","State":"running","TL":1},
            {"Cluster":"filmopoisk","Member":"n2","Host":"10.77.0.12","Role":"Quorum Standby","State":"streaming",
            "TL":1,"Receive LSN":"0/3000060","Receive Lag":0,"Replay LSN":"0/3000060","Replay Lag":0}]
            """.ReplaceLineEndings("") + "\n", ""));
        var (code, table, _) = await RunAsync("list");
        code.ShouldBe(0);
        table.ShouldStartWith("Cluster: filmopoisk (7301)\n");
    }

    [Fact]
    public async Task Switchover_asks_the_leader_and_prints_its_answer()
    {
        using var store = _etcd.Connect();
        await using var api = await ApiUnderTest.StartAsync(store);
        var asked = RunAsync("switchover", "--candidate", "n2", "--force");
        await api.WhenAskedAsync((api.Keys.Leader, "n2"), (api.Keys.Failover, "{}"));
        (await asked).ShouldBe((0, "Successfully switched over to \"n2\"\n", ""));
        (await RunAsync("switchover", "--leader", "n1", "--force")).ShouldBe((1, "", "leader name does not match\n"));
    }

    [Fact]
    public async Task Switchover_goes_to_another_member_when_the_leader_cannot_be_reached()
    {
        using var store = _etcd.Connect();
        await using var api = await ApiUnderTest.StartAsync(store);
        await api.PutAsync((api.Keys.Member("n1"), """{"api_url":"http://127.0.0.1:9/patroni"}"""));
        var asked = RunAsync("switchover", "--force");
        await api.WhenAskedAsync((api.Keys.Leader, "n2"));
        (await asked).ShouldBe((0, "Successfully switched over to \"n2\"\n", ""));
    }

    [Fact]
    public async Task An_empty_store_has_no_members_and_no_leader()
    {
        (await RunAsync("list", "-o", "json")).ShouldBe((0, "[]\n", ""));
        (await RunAsync("switchover", "--force"))
            .ShouldBe((1, "", "holdfast switchover: cluster filmopoisk has no leader\n"));
    }

    [Fact]
    public async Task Without_etcd_a_command_fails_and_says_so()
    {
        await _etcd.Members[0].KillAsync();
        var (code, output, errors) = await RunAsync("list");
        (code, output).ShouldBe((1, ""));
        errors.ShouldStartWith($"holdfast: no answer from etcd at {_etcd.Endpoints[0]}: ");
    }

    public async ValueTask DisposeAsync()
    {
        await _etcd.DisposeAsync();
        File.Delete(_file);
    }

    async Task<(int Code, string Output, string Errors)> RunAsync(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var code = await CommandLine.RunAsync([.. args, "--config", _file], output, errors, Stop);
        return (code, output.ToString(), errors.ToString());
    }
}
