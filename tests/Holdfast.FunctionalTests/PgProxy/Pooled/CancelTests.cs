using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>A cancel request ends what its own client runs, or nothing; a notification reaches its listener.</summary>
public sealed class CancelTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    ProxyUnderTest Start(PoolMode mode, int size)
    {
        var proxy = new ProxyUnderTest(
            pools: new PoolSettings { Mode = mode, Size = size, Loops = 1, AsksPassword = false });
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        return proxy;
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task What_runs_is_cancelled(PoolMode mode)
    {
        await using var proxy = Start(mode, size: 2);
        using var client = await Talk.LoginAsync(proxy.PrimaryPort);
        using var watcher = await Talk.LoginAsync(postgres.Port);
        foreach (var message in (byte[][])[
            Say.Query("SELECT pg_sleep(60)"),
            Say.All(Say.Parse("", "SELECT pg_sleep(60)"), Say.Bind(""), Say.Execute(), Say.Sync)])
        {
            await client.Client.SendAsync(message);
            do
                await watcher.SayAsync(Say.Query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"));
            while (watcher.LastValue != "1");
            await client.CancelAsync(proxy.PrimaryPort);
            (await client.ListenAsync('Z')).ShouldEndWith("EZI");
            client.Heard.ShouldContain("C57014\\00");
            (await client.SayAsync(Say.Query("SELECT 1"))).ShouldBe("TDCZI");
        }
    }

    [Fact]
    public async Task A_cancel_of_an_idle_client_hits_nobody()
    {
        await using var proxy = Start(PoolMode.Transaction, size: 1);
        using var idle = await Talk.LoginAsync(proxy.PrimaryPort);
        using var busy = await Talk.LoginAsync(proxy.PrimaryPort);
        (await idle.SayAsync(Say.Query("SELECT 1"))).ShouldBe("TDCZI");
        var running = busy.SayAsync(Say.Query("SELECT pg_sleep(1)"));
        while (!running.IsCompleted)
            await idle.CancelAsync(proxy.PrimaryPort);
        (await running).ShouldBe("TDCZI");
    }

    // The server that two share has its next client as soon as it may.
    [Fact]
    public async Task A_cancel_that_comes_late_hits_nobody_else()
    {
        await using var proxy = Start(PoolMode.Transaction, size: 1);
        using var canceller = await Talk.LoginAsync(proxy.PrimaryPort);
        using var other = await Talk.LoginAsync(proxy.PrimaryPort);
        for (var turn = 0; turn < 100; turn++)
        {
            var own = canceller.SayAsync(Say.Query("SELECT pg_sleep(0.001)"));
            var cancel = canceller.CancelAsync(proxy.PrimaryPort);
            var others = other.SayAsync(Say.Query("SELECT pg_sleep(0.002)"));
            // Done, cancelled, or in doubt: the request may have hit the proof of what was done already.
            (await own).ShouldEndWith("ZI");
            await cancel;
            (await others).ShouldBe("TDCZI", $"turn {turn}");
        }
    }

    // A driver that waits for the end of its request may go on.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Once_its_request_has_ended_a_cancel_hits_nothing_more(PoolMode mode)
    {
        await using var proxy = Start(mode, size: 1);
        using var client = await Talk.LoginAsync(proxy.PrimaryPort);
        for (var turn = 0; turn < 200; turn++)
        {
            var first = client.SayAsync(Say.Query("SELECT pg_sleep(0.001)"));
            await client.CancelAsync(proxy.PrimaryPort);
            (await first).ShouldEndWith("ZI");
            (await client.SayAsync(Say.Query("SELECT pg_sleep(0.003)"))).ShouldBe("TDCZI", $"turn {turn}");
        }
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_listener_hears_without_asking(PoolMode mode)
    {
        await using var proxy = Start(mode, size: 2);
        using var listener = await Talk.LoginAsync(proxy.PrimaryPort);
        using var speaker = await Talk.LoginAsync(proxy.PrimaryPort);
        (await listener.SayAsync(Say.Query("LISTEN news"))).ShouldBe("CZI");
        for (var turn = 0; turn < 3; turn++)
        {
            (await speaker.SayAsync(Say.Query($"NOTIFY news, 'number {turn}'"))).ShouldBe("CZI");
            (await listener.ListenAsync('A')).ShouldBe("A");
            listener.Heard.ShouldEndWith($"news\\00number {turn}\\00\n");
        }
    }
}
