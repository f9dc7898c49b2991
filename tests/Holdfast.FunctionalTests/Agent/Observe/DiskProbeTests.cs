using Holdfast.Agent.Observe;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Agent.Observe;

/// <summary>The write probe on real file systems with real faults.</summary>
public sealed class DiskProbeTests
{
    static readonly DiskLimits Quick = new() { Every = TimeSpan.FromMilliseconds(100), RoomMin = 1024 * 1024 };

    [Fact]
    public async Task A_full_disk_is_noticed_and_its_recovery_too()
    {
        using var volume = Volume();
        await using var probe = new Running(volume.Data);
        await probe.WritesAsync();
        volume.Fill();
        await probe.BecomesAsync(DiskTrouble.Full);
        probe.Disk.Why.ShouldContain("a segment of write-ahead log needs");
        volume.Free();
        await probe.BecomesAsync(DiskTrouble.None);
    }

    [Fact]
    public async Task A_write_for_which_there_is_no_block_says_so()
    {
        using var volume = Volume();
        volume.Fill();
        await using var probe = new Running(volume.Data, Quick with { RoomMin = 0 });
        await probe.BecomesAsync(DiskTrouble.Full);
        probe.Disk.Why.ShouldContain("No space left on device");
        volume.Free();
        await probe.BecomesAsync(DiskTrouble.None);
    }

    [Fact]
    public async Task A_file_system_that_became_read_only_is_noticed_and_its_recovery_too()
    {
        using var volume = Volume();
        await using var probe = new Running(volume.Data);
        await probe.WritesAsync();
        await volume.RemountAsync("ro");
        await probe.BecomesAsync(DiskTrouble.ReadOnly);
        await volume.RemountAsync("rw");
        await probe.BecomesAsync(DiskTrouble.None);
    }

    [Fact]
    public async Task A_frozen_file_system_hangs_the_probe_and_nothing_else()
    {
        using var volume = Volume();
        await using var probe = new Running(volume.Data);
        await probe.WritesAsync();
        volume.Freeze();
        await probe.BecomesAsync(DiskTrouble.Hung);
        probe.Disk.Age.ShouldBeGreaterThan(Quick.Every);
        volume.Thaw();
        await probe.BecomesAsync(DiskTrouble.None);
    }

    [Fact]
    public async Task A_device_that_goes_on_writing_is_busy_and_not_hung_until_the_last_look()
    {
        var folder = Directory.CreateTempSubdirectory("hfdisk");
        await using var probe = new Running(
            Path.Combine(folder.FullName, "data"), Quick with { QuietLooks = int.MaxValue, Looks = 20 });
        await probe.WritesAsync();
        var child = ProcessIdentity.Of(probe.Pid!.Value)!.Value;
        child.TrySignal(Signal.Stop).ShouldBeTrue();
        await probe.BecomesAsync(DiskTrouble.Hung);
        child.TrySignal(Signal.Continue).ShouldBeTrue();
        await probe.BecomesAsync(DiskTrouble.None);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_probe_that_was_killed_is_started_again_and_ends_with_its_agent()
    {
        var folder = Directory.CreateTempSubdirectory("hfdisk");
        var probe = new Running(Path.Combine(folder.FullName, "data"));
        await probe.WritesAsync();
        var first = ProcessIdentity.Of(probe.Pid!.Value)!.Value;
        first.TrySignal(Signal.Kill).ShouldBeTrue();
        await Eventually.IsAsync("another one runs", () => probe.Pid is { } pid && pid != first.Pid);
        probe.Disk.Trouble.ShouldBe(DiskTrouble.None);
        var second = ProcessIdentity.Of(probe.Pid!.Value)!.Value;
        await probe.DisposeAsync();
        await Eventually.IsAsync("it ended", () => !second.IsAlive);
        folder.Delete(recursive: true);
    }

    static TestVolume Volume()
    {
        var volume = TestVolume.TryExt4();
        if (volume is null)
            Assert.Skip("needs the right to mount a loop device");
        return volume;
    }

    /// <summary>A probe at work.</summary>
    sealed class Running : IAsyncDisposable
    {
        readonly CancellationTokenSource _stop = new();
        readonly string _data;
        readonly DiskProbe _probe;
        readonly Task _run;
        int _nudges;

        public Running(string data, DiskLimits? limits = null)
        {
            _data = data;
            _probe = new DiskProbe(
                data, user: null, limits ?? Quick, _ => Interlocked.Increment(ref _nudges), NullLogger.Instance);
            _run = _probe.RunAsync(_stop.Token);
        }

        public DiskView Disk => _probe.Current;
        public int? Pid => _probe.Pid;

        public Task WritesAsync() => Eventually.IsAsync("the probe writes", () => File.Exists(_data + ".probe"));

        public async Task BecomesAsync(DiskTrouble trouble)
        {
            await Eventually.IsAsync($"the disk is {trouble}", () => Disk.Trouble == trouble);
            Volatile.Read(ref _nudges).ShouldBeGreaterThan(0, "the loop is told");
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run;
            _stop.Dispose();
        }
    }
}
