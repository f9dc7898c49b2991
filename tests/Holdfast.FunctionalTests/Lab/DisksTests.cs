using Holdfast.Lab;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Lab;

public sealed class DisksTests
{
    const long Bytes = 1L << 30;
    const string Write = "echo x >/var/lib/holdfast/x && echo written || echo refused";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_refuses_writes_until_it_has_space_again()
    {
        await using var lab = await StandInLab.StartAsync(Bytes);
        await DiskFaults.FillAsync(lab.State, lab.State.Host("n1"), Stop);
        (await lab.AskAsync("n1", Write)).ShouldBe("refused");
        (await lab.AskAsync("n2", Write)).ShouldBe("written");
        (await lab.AskAsync("n1", "echo x >/var/lib/holdfast/etcd/x && echo etcd writes")).ShouldBe("etcd writes");
        DiskFaults.Empty(lab.State, lab.State.Host("n1"));
        (await lab.AskAsync("n1", Write)).ShouldBe("written");
    }

    [Fact]
    public async Task A_lab_with_a_frozen_disk_is_taken_down_without_a_trace()
    {
        await using var lab = await StandInLab.StartAsync(Bytes);
        await DiskFaults.FreezeEtcdAsync(lab.State, lab.State.Host("n2"), Stop);
        var again = () => DiskFaults.FreezeEtcdAsync(lab.State, lab.State.Host("n2"), Stop);
        (await Should.ThrowAsync<LabException>(again)).Message.ShouldContain("busy");
        (await lab.AskAsync("n2", Write)).ShouldBe("written");
        _ = await lab.DownAsync(LabDown.NoGrace);
        Traces.Of(lab.Name).ShouldBeEmpty();
    }

    [Fact]
    public async Task Hosts_without_disks_of_their_own_are_left_alone()
    {
        await using var lab = await StandInLab.StartAsync();
        var fill = () => DiskFaults.FillAsync(lab.State, lab.State.Host("n1"), Stop);
        (await Should.ThrowAsync<LabException>(fill)).Message.ShouldContain("lab up --disks");
    }
}
