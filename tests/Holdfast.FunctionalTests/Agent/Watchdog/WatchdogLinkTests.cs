using Holdfast.Agent.Lease;
using Holdfast.Agent.Watchdog;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Agent.Watchdog;

/// <summary>What reaches the device, with a plain file in its place. No test opens a real one.</summary>
public sealed class WatchdogLinkTests : IDisposable
{
    readonly string _device = Path.GetTempFileName();
    readonly Supervisor _supervisor = new();
    WatchdogWish _wish = new(TimeSpan.FromSeconds(20), Paused: false);
    bool _postgresRuns;

    public void Dispose() => File.Delete(_device);

    [Fact]
    public void A_counted_lease_arms_and_pings_and_its_end_disarms()
    {
        using var link = Link();
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
        Written.ShouldBe("Ctimeout=15\n11");
        link.TryPut(Ticket(0)).ShouldBeTrue();
        Written.ShouldBe("Ctimeout=15\n11V");
        link.TryPut(Ticket(0)).ShouldBeTrue();
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
        Written.ShouldBe("Ctimeout=15\n11VCtimeout=15\n1");
    }

    [Fact]
    public void Another_ttl_is_another_timeout()
    {
        using var link = Link();
        link.TryPut(Ticket(29.5));
        _wish = _wish with { Ttl = TimeSpan.FromSeconds(21) };
        link.TryPut(Ticket(29.5));
        Written.ShouldBe("Ctimeout=15\n1Ctimeout=16\n1");
    }

    [Fact]
    public void A_ticket_that_the_supervisor_did_not_take_pings_nothing()
    {
        using var link = Link();
        _supervisor.Takes = false;
        link.TryPut(Ticket(19.5)).ShouldBeFalse();
        Written.ShouldBeEmpty();
    }

    [Fact]
    public void In_maintenance_it_is_closed_and_opened_again_afterwards()
    {
        using var link = Link();
        link.TryPut(Ticket(19.5));
        _wish = _wish with { Paused = true };
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
        _wish = _wish with { Paused = false };
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
        Written.ShouldBe("Ctimeout=15\n1VCtimeout=15\n1");
    }

    [Fact]
    public void A_required_one_that_is_not_there_lets_nobody_lead()
    {
        File.Delete(_device);
        using var link = Link();
        link.Failed.ShouldBeTrue();
        link.TryPut(Ticket(19.5)).ShouldBeFalse();
        link.TryPut(Ticket(0)).ShouldBeTrue("giving way needs no watchdog");
    }

    [Fact]
    public void An_automatic_one_that_is_not_there_is_done_without()
    {
        File.Delete(_device);
        using var link = Link(WatchdogMode.Automatic);
        link.Failed.ShouldBeFalse();
        link.TryPut(Ticket(19.5)).ShouldBeTrue();
    }

    [Fact]
    public void A_device_that_takes_no_timeout_or_a_longer_one_counts_as_broken()
    {
        using var nothing = new WatchdogLink(
            _supervisor, Settings(WatchdogMode.Required), new KernelWatchdog(_device), () => _wish,
            () => _postgresRuns, NullLogger.Instance);
        nothing.Failed.ShouldBeFalse();
        nothing.TryPut(Ticket(19.5)).ShouldBeFalse("a plain file knows no such call");
        nothing.Failed.ShouldBeTrue();
        Written.ShouldBe("V", "it was armed by being opened");

        using var longer = new WatchdogLink(
            _supervisor, Settings(WatchdogMode.Required), new RoundsUp(), () => _wish, () => _postgresRuns,
            NullLogger.Instance);
        longer.TryPut(Ticket(19.5)).ShouldBeFalse();
        longer.Failed.ShouldBeTrue();
    }

    [Fact]
    public void Whoever_leaves_a_running_PostgreSQL_behind_leaves_it_armed()
    {
        _postgresRuns = true;
        Link().TryPutAndDispose(Ticket(19.5));
        Written.ShouldBe("Ctimeout=15\n1");
        _postgresRuns = false;
        Link().TryPutAndDispose(Ticket(19.5));
        Written.ShouldEndWith("1V");
    }

    string Written
    {
        get
        {
            using var reader = new StreamReader(
                new FileStream(_device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    WatchdogLink Link(WatchdogMode mode = WatchdogMode.Required) => new(
        _supervisor, Settings(mode), new RecordingWatchdog(_device), () => _wish, () => _postgresRuns,
        NullLogger.Instance);

    WatchdogSettings Settings(WatchdogMode mode) => new() { Mode = mode, Device = _device, Testing = true };

    static FenceTicket Ticket(double seconds) => new()
    {
        BootId = BootClock.BootId,
        DeadlineNs = seconds == 0 ? 0 : BootClock.ToNanoseconds(BootClock.Now + TimeSpan.FromSeconds(seconds)),
        Term = 7,
        LeaseId = 1,
        PostmasterPid = 0,
        PostmasterStart = 0,
        DataDirectory = "/nowhere",
    };

    sealed class Supervisor : IFenceLink
    {
        public bool Takes { get; set; } = true;
        public bool TryPut(FenceTicket ticket) => Takes;
        public FenceTicket? TryGet() => null;
    }

    sealed class RoundsUp : IWatchdog
    {
        public bool IsThere => true;
        public int SetTimeout(int seconds) => 60;

        public void Open()
        {
            // Nothing is armed.
        }

        public void Ping() => throw new InvalidOperationException("its timeout is too long to be relied on");

        public void Disarm()
        {
            // Nothing was armed.
        }
    }
}

static class WatchdogLinkEnd
{
    public static void TryPutAndDispose(this WatchdogLink link, FenceTicket ticket)
    {
        link.TryPut(ticket).ShouldBeTrue();
        link.Dispose();
    }
}
