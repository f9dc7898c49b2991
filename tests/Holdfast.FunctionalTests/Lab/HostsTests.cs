using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Lab;

public sealed class HostsTests
{
    [Fact]
    public async Task A_host_sees_its_own_name_files_and_programs()
    {
        await using var lab = await StandInLab.StartAsync();
        (await lab.AskAsync("n2", "hostname")).ShouldBe("n2");
        (await lab.AskAsync("n2", "cat /etc/holdfast/holdfast.yml")).ShouldBe("cluster: films");
        (await lab.AskAsync("n2", "getent hosts n3")).ShouldContain("10.77.0.13");
        (await lab.AskAsync("n2", "setpriv --reuid=nobody --clear-groups holdfast")).ShouldBe("holdfast for nobody");
        (await lab.AskAsync("n2", "touch /opt/holdfast/x || echo refused")).ShouldBe("refused");
        (await lab.AskAsync("n2", "setpriv --reuid=nobody --clear-groups /opt/feed/feed")).ShouldBe("feed for nobody");
        (await lab.AskAsync("n2", "touch /opt/feed/x || echo refused")).ShouldBe("refused");
        (await lab.AskAsync("n2", "cat /var/lib/holdfast/log/etcd.jsonl")).ShouldContain("n2");
        (await lab.AskAsync("n2", "ip -o -4 addr show dev eth0")).ShouldContain("10.77.0.12/24");
        (await lab.AskAsync("net", "ping -c 1 -W 1 10.77.0.12 >/dev/null 2>&1 || ip -o -4 addr show dev br0"))
            .ShouldNotContain("error");
    }

    [Fact]
    public async Task The_exit_code_of_a_command_is_passed_on()
    {
        await using var lab = await StandInLab.StartAsync();
        (await lab.ExecAsync("n1", "sh", "-c", "exit 7")).ShouldBe(7);
        (await lab.ExecAsync("net", "true")).ShouldBe(0);
    }

    [Fact]
    public async Task A_second_up_changes_nothing()
    {
        await using var lab = await StandInLab.StartAsync();
        var before = lab.State;
        var (state, already) = await lab.UpAsync();
        already.ShouldBeTrue();
        state.Hosts.Select(host => host.First).ShouldBe(before.Hosts.Select(host => host.First));
    }

    [Fact]
    public async Task A_lab_that_was_asked_to_stop_leaves_only_its_logs()
    {
        await using var lab = await StandInLab.StartAsync();
        var logs = await lab.DownAsync(LabDown.Grace);
        Traces.Of(lab.Name).ShouldBeEmpty();
        File.ReadAllText(Path.Combine(logs!, "n3", "etcd.jsonl")).ShouldContain("stopped");
        (await lab.DownAsync(LabDown.Grace)).ShouldBeNull();
    }

    [Fact]
    public async Task A_lab_that_was_half_built_is_taken_down_too()
    {
        await using var lab = await StandInLab.StartAsync();
        Labs.Save(
            lab.State with
            {
                Complete = false,
                Relay = null,
                Hosts = [.. lab.State.Hosts.Select(host => host with { First = null })]
            });
        _ = await lab.DownAsync(LabDown.NoGrace);
        Traces.Of(lab.Name).ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_labs_of_one_file_do_not_meet()
    {
        await using var one = await StandInLab.StartAsync();
        await using var two = await StandInLab.StartAsync();
        one.State.Hosts.Select(host => host.Address).ShouldBe(two.State.Hosts.Select(host => host.Address));
        one.State.Published.Select(port => port.Port).Intersect(two.State.Published.Select(port => port.Port))
            .ShouldBeEmpty();
        _ = await one.DownAsync(LabDown.NoGrace);
        Traces.Of(one.Name).ShouldBeEmpty();
        two.State.Hosts.ShouldAllBe(host => host.IsRunning);
        (await two.AskAsync("n1", "cat /etc/holdfast/holdfast.yml")).ShouldBe("cluster: films");
    }
}
