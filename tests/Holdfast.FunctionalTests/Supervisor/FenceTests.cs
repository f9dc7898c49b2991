using System.Diagnostics;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Fencing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Real PostgreSQL, in all the states in which killing its postmaster is not enough.</summary>
public sealed class FenceTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Milliseconds on a quiet machine; a busy one may stand still for seconds.</summary>
    static readonly TimeSpan GoneLimit = TimeSpan.FromSeconds(5);
    readonly NodeFolder _node = new();
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    public void Dispose() => _node.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public async Task When_the_deadline_passes_nothing_of_PostgreSQL_is_left(bool withCgroup)
    {
        var postgres = await StartAsync(withCgroup);
        await postgres.MakeTroubleAsync(_stop);
        using var fence = StartFenceOn(postgres);
        var everybody = postgres.Everybody();
        var deadline = BootClock.Now + TimeSpan.FromSeconds(0.5);
        fence.Put(Ticket(postgres, deadline)).ShouldBeNull();

        await Wait.UntilAsync(() => everybody.All(process => !process.IsAlive), "all of PostgreSQL is gone", _stop);
        var late = BootClock.Now - deadline;

        output.WriteLine($"{everybody.Count} processes gone {late.TotalMilliseconds:F1} ms after the deadline");
        late.ShouldBeGreaterThan(TimeSpan.Zero);
        late.ShouldBeLessThan(GoneLimit);
        postgres.Everybody().ShouldBeEmpty();
        await ShouldBeAReplicaNextTimeAsync(postgres);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task When_the_postmaster_died_first_its_orphans_are_killed_too(bool withCgroup)
    {
        var postgres = await StartAsync(withCgroup);
        await postgres.MakeTroubleAsync(_stop);
        var everybody = postgres.Everybody();
        postgres.Postmaster.TrySignal(Signal.Kill).ShouldBeTrue();
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "the postmaster is gone", _stop);
        everybody.Count(process => process.IsAlive).ShouldBeGreaterThan(2);
        using var fence = StartFenceOn(postgres);
        var deadline = BootClock.Now + TimeSpan.FromSeconds(0.3);
        fence.Put(Ticket(postgres, deadline)).ShouldBeNull();

        await Wait.UntilAsync(() => postgres.Everybody().Count == 0, "all of PostgreSQL is gone", _stop);

        output.WriteLine($"gone {(BootClock.Now - deadline).TotalMilliseconds:F1} ms after the deadline");
        // Without a cgroup, who left both the data directory and a parent that died is nobody's any more.
        if (withCgroup)
            await Wait.UntilAsync(() => everybody.All(process => !process.IsAlive), "nor of its descendants", _stop);
        await ShouldBeAReplicaNextTimeAsync(postgres);
    }

    [Fact]
    public async Task As_long_as_it_is_renewed_nothing_happens_and_no_longer()
    {
        var postgres = await StartAsync(withCgroup: true);
        using var fence = StartFenceOn(postgres);
        var deadline = TimeSpan.Zero;
        for (var renewal = 0; renewal < 20; renewal++)
        {
            deadline = BootClock.Now + TimeSpan.FromSeconds(0.3);
            fence.Put(Ticket(postgres, deadline)).ShouldBeNull();
            await Task.Delay(TimeSpan.FromMilliseconds(50), _stop);
        }
        postgres.Postmaster.IsAlive.ShouldBeTrue();
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
        (BootClock.Now - deadline).ShouldBeInRange(TimeSpan.Zero, GoneLimit);
        fence.Ticket!.DeadlineNs.ShouldBe(0);
    }

    [Fact]
    public async Task A_fence_that_starts_anew_inherits_the_deadline()
    {
        var postgres = await StartAsync(withCgroup: true);
        var deadline = BootClock.Now + TimeSpan.FromSeconds(1);
        using (var first = StartFenceOn(postgres))
            first.Put(Ticket(postgres, deadline)).ShouldBeNull();
        using var second = StartFence();
        postgres.Postmaster.IsAlive.ShouldBeTrue();
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
        (BootClock.Now - deadline).ShouldBeInRange(TimeSpan.Zero, GoneLimit);
    }

    [Fact]
    public async Task A_fence_that_starts_anew_kills_a_primary_without_a_valid_deadline()
    {
        var postgres = await StartAsync(withCgroup: false);
        var began = Stopwatch.GetTimestamp();
        using var fence = StartFence();
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
        output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:F1} ms after the fence began");
        await ShouldBeAReplicaNextTimeAsync(postgres);
    }

    [Fact]
    public async Task A_standby_needs_no_deadline_until_somebody_promotes_it()
    {
        var postgres = await StartAsync(withCgroup: true, asStandby: true);
        using var fence = StartFence();
        fence.Put(Ticket(postgres, TimeSpan.Zero)).ShouldBeNull();
        LastFence.Run(_node.Paths.Data, _node.Paths.Run).ShouldBe("nothing to fence");
        await Task.Delay(TimeSpan.FromSeconds(1.5), _stop); // Longer than a look takes.
        postgres.Postmaster.IsAlive.ShouldBeTrue();
        await postgres.ExecuteAsync("SELECT pg_promote(false)", _stop);
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
        await ShouldBeAReplicaNextTimeAsync(postgres);
    }

    [Fact]
    public async Task Giving_back_the_right_to_write_kills_what_still_may_write()
    {
        var postgres = await StartAsync(withCgroup: true);
        using var fence = StartFenceOn(postgres);
        fence.Put(Ticket(postgres, TimeSpan.Zero)).ShouldBeNull();
        // Answered after the kill.
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
    }

    [Fact]
    public async Task After_the_supervisor_s_end_a_valid_deadline_is_left_alone_and_a_passed_one_is_not()
    {
        var postgres = await StartAsync(withCgroup: true);
        var ticket = Ticket(postgres, BootClock.Now + TimeSpan.FromSeconds(30));
        FenceFile.Write(_node.Paths.FenceFile, ticket);
        LastFence.Run(_node.Paths.Data, _node.Paths.Run).ShouldStartWith("left alone");
        postgres.Postmaster.IsAlive.ShouldBeTrue();
        FenceFile.Write(_node.Paths.FenceFile, ticket with { DeadlineNs = BootClock.Nanoseconds - 1 });
        LastFence.Run(_node.Paths.Data, _node.Paths.Run).ShouldStartWith("fenced");
        await Wait.UntilAsync(() => !postgres.Postmaster.IsAlive, "fenced", _stop);
        await ShouldBeAReplicaNextTimeAsync(postgres);
    }

    async Task<RealPostgres> StartAsync(bool withCgroup, bool asStandby = false)
    {
        var leaf = withCgroup ? _node.PostgresLeaf : null;
        if (withCgroup && leaf is null)
            Assert.Skip("no cgroup may be made here");
        var postgres = new RealPostgres(_node.Paths, leaf);
        await postgres.StartAsync(_stop, asStandby);
        return postgres;
    }

    /// <summary>One that finds a primary with every right to write.</summary>
    Fence StartFenceOn(RealPostgres postgres)
    {
        FenceFile.Write(_node.Paths.FenceFile, Ticket(postgres, BootClock.Now + TimeSpan.FromSeconds(30)));
        return StartFence();
    }

    Fence StartFence()
    {
        var fence = new Fence(_node.Paths, NullLogger.Instance);
        fence.Start();
        return fence;
    }

    static FenceTicket Ticket(RealPostgres postgres, TimeSpan deadline) => new()
    {
        BootId = BootClock.BootId,
        DeadlineNs = BootClock.ToNanoseconds(deadline),
        Term = 7,
        LeaseId = 1,
        PostmasterPid = postgres.Postmaster.Pid,
        PostmasterStart = postgres.Postmaster.StartTicks,
        Cgroup = postgres.Cgroup?.Path,
        DataDirectory = postgres.DataDirectory,
    };

    async Task ShouldBeAReplicaNextTimeAsync(RealPostgres postgres)
    {
        var signal = Path.Combine(postgres.DataDirectory, "standby.signal");
        await Wait.UntilAsync(() => File.Exists(signal), "standby.signal", _stop); // After the kill, never before.
        FileIdentity.OwnerOf(signal).ShouldBe(FileIdentity.OwnerOf(postgres.DataDirectory));
    }
}
