using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

public sealed class HoldTests
{
    [Fact]
    public async Task A_client_waits_while_nobody_leads_and_then_goes_on()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Leaderless());
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        await Wait.UntilAsync(() => proxy.Server.Clients == 1, "accepted");
        n1.Logins.ShouldBe(0);

        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        (await client.ServerNameAsync()).ShouldBe("n1");
    }

    [Fact]
    public async Task A_client_that_waits_too_long_is_told_why()
    {
        await using var proxy = new ProxyUnderTest(hold: TimeSpan.FromSeconds(0.3));
        proxy.Topology.Show(Leaderless());
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        (await client.ErrorAsync())
            .ShouldBe(("57P03", "no primary of cluster films for 0.3 s: nobody holds the leader lock"));
        (await client.EndsByResetAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_client_that_asked_for_TLS_is_told_in_the_clear()
    {
        await using var proxy = new ProxyUnderTest(hold: TimeSpan.FromSeconds(0.3));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Request(80877103));
        (await client.ReadAsync(1)).ShouldBe("N"u8.ToArray());
        await client.SendStartupAsync();
        (await client.ErrorAsync())
            .ShouldBe(("57P03", "no primary of cluster films for 0.3 s: the store has not answered yet"));
    }

    [Fact]
    public async Task A_stale_view_holds_new_clients_and_leaves_the_running_alone()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest(hold: TimeSpan.FromSeconds(0.3));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (running, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = running;

        proxy.Topology.Blind(Ttl);
        using var late = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await late.SendStartupAsync();
        (await late.ErrorAsync()).Message!
            .ShouldStartWith("no primary of cluster films for 0.3 s: no news of the store");
        await running.SendAsync(1, 2, 3);
        (await running.ReadAsync(3)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task A_lost_host_is_left_for_the_one_that_leads()
    {
        await using var n2 = new FakePostgres("n2");
        using var deaf = new Deaf();
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, deaf.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        await Wait.UntilAsync(() => proxy.Server.Clients == 1, "accepted");

        proxy.Topology.Show(Led("n2", 8, Primary("n2", 8, n2.Port)));
        (await client.ServerNameAsync()).ShouldBe("n2");
    }

    [Fact]
    public async Task A_server_that_starts_up_is_asked_again_until_it_is_ready()
    {
        await using var n1 = new FakePostgres("n1", FakeMood.StartingUp);
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        await Wait.UntilAsync(() => n1.Logins >= 3, "asked again");
        client.HasBytes.ShouldBeFalse();

        n1.Mood = FakeMood.Ready;
        (await client.ServerNameAsync()).ShouldBe("n1");
    }

    [Fact]
    public async Task A_server_that_starts_up_for_too_long_is_named_in_the_error()
    {
        await using var n1 = new FakePostgres("n1", FakeMood.StartingUp);
        await using var proxy = new ProxyUnderTest(hold: TimeSpan.FromSeconds(2));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        (await client.ErrorAsync()).ShouldBe(("57P03", "no primary of cluster films for 2 s: "
            + $"n1 (127.0.0.1:{n1.Port}): the database system is starting up"));
    }

    [Theory, InlineData(FakeMood.Silent), InlineData(FakeMood.Rude), InlineData(FakeMood.StartingUp)]
    public async Task A_login_that_was_not_answered_goes_to_the_next_primary(FakeMood mood)
    {
        await using var n1 = new FakePostgres("n1", mood);
        await using var n2 = new FakePostgres("n2");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port), Replica("n2", n2.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        await Wait.UntilAsync(() => n1.Logins >= 1, "asked");

        proxy.Topology.Show(Led("n2", 8, Primary("n1", 7, n1.Port), Primary("n2", 8, n2.Port)));
        (await client.ServerNameAsync()).ShouldBe("n2");
    }

    [Fact]
    public async Task A_server_that_says_it_is_a_standby_gets_nobody_from_the_primary_port()
    {
        await using var n1 = new FakePostgres("n1", FakeMood.Standby);
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendStartupAsync();
        await Wait.UntilAsync(() => n1.Logins >= 2, "asked again");
        client.HasBytes.ShouldBeFalse();

        n1.Mood = FakeMood.Ready;
        (await client.ServerNameAsync()).ShouldBe("n1");
    }

    [Fact]
    public async Task A_client_that_goes_while_it_waits_is_forgotten()
    {
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Leaderless());
        using (var client = await RawClient.ConnectAsync(proxy.PrimaryPort))
        {
            await client.SendStartupAsync();
            await Wait.UntilAsync(() => proxy.Server.Clients == 1, "accepted");
        }
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }

    [Fact]
    public async Task Many_clients_that_wait_all_go_on_soon_after_the_change()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Leaderless());
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
            await client.SendStartupAsync();
            return client;
        }));
        await Wait.UntilAsync(() => proxy.Server.Clients == 50, "accepted");

        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        (await Task.WhenAll(clients.Select(client => client.ServerNameAsync()))).ShouldAllBe(name => name == "n1");
        foreach (var client in clients)
            client.Dispose();
    }
}
