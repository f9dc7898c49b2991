using System.Security.Cryptography;
using Holdfast.Doubles.PgProxy;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

public sealed class SessionTests
{
    [Fact]
    public async Task Sessions_of_a_server_that_lost_its_role_are_reset_on_both_ports()
    {
        await using var n1 = new FakePostgres("n1");
        await using var n2 = new FakePostgres("n2");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port), Replica("n2", n2.Port)));
        var (onPrimary, first) = await RawClient.LoginAsync(proxy.PrimaryPort);
        var (onReplica, second) = await RawClient.LoginAsync(proxy.ReplicasPort);
        using var owned = onPrimary;
        using var ownedToo = onReplica;
        (first, second).ShouldBe(("n1", "n2"));

        proxy.Topology.Show(Led("n2", 8, Replica("n1", n1.Port), Primary("n2", 8, n2.Port)));
        (await onPrimary.EndsByResetAsync()).ShouldBeTrue();
        (await onReplica.EndsByResetAsync()).ShouldBeTrue();
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }

    [Fact]
    public async Task A_renewed_lock_in_a_newer_term_ends_no_session()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (client, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = client;
        proxy.Topology.Show(Led("n1", 8, Primary("n1", 7, n1.Port)));
        proxy.Topology.Show(Led("n1", 8, Primary("n1", 8, n1.Port)));
        await client.SendAsync(1, 2, 3);
        (await client.ReadAsync(3)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were_sent()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (client, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = client;
        var bytes = RandomNumberGenerator.GetBytes(8 * 1024 * 1024);
        var sending = client.SendAsync(bytes);
        (await client.ReadAsync(bytes.Length)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        await sending;
    }

    [Fact]
    public async Task A_client_that_closes_its_half_ends_the_session_properly()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (client, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = client;
        client.CloseHalf();
        (await client.EndsByResetAsync()).ShouldBeFalse();
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }

    [Fact]
    public async Task Bytes_sent_together_with_the_startup_message_arrive()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        var (gss, tls) = (RawClient.Request(80877104), RawClient.Request(80877103));
        await client.SendAsync([.. gss, .. tls, .. RawClient.Startup()]);
        (await client.ReadAsync(2)).ShouldBe("NN"u8.ToArray());
        (await client.ServerNameAsync()).ShouldBe("n1");
        n1.Logins.ShouldBe(1);
    }

    [Fact]
    public async Task The_replica_port_takes_turns_and_passes_a_dead_replica_over()
    {
        await using var n1 = new FakePostgres("n1");
        await using var n2 = new FakePostgres("n2");
        var n3 = new FakePostgres("n3");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(
            Led("n1", 7, Primary("n1", 7, n1.Port), Replica("n2", n2.Port), Replica("n3", n3.Port)));
        (await NamesAsync(proxy.ReplicasPort, 4)).ShouldBe(["n2", "n3", "n2", "n3"]);
        await n3.DisposeAsync();
        (await NamesAsync(proxy.ReplicasPort, 4)).ShouldBe(["n2", "n2", "n2", "n2"]);
    }

    [Fact]
    public async Task A_cancel_request_reaches_every_server_that_may_own_it()
    {
        await using var n1 = new FakePostgres("n1");
        await using var n2 = new FakePostgres("n2");
        await using var proxy = new ProxyUnderTest();
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port), Replica("n2", n2.Port)));
        var request = RawClient.Request(80877102, 0, 0, 0, 1, 0, 0, 0, 2);
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(request);
        (await client.EndsByResetAsync()).ShouldBeFalse();
        n1.Cancels.ShouldHaveSingleItem().ShouldBe(request);
        n2.Cancels.ShouldHaveSingleItem().ShouldBe(request);
    }

    [Fact]
    public async Task One_client_too_many_is_told_so()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest(clientsMax: 1);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (first, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using (first)
        {
            using var second = await RawClient.ConnectAsync(proxy.PrimaryPort);
            await second.SendStartupAsync();
            (await second.ErrorAsync())
                .ShouldBe(("53300", "sorry, too many clients already: this proxy takes 1"));
        }
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "places are free again");
        var (third, name) = await RawClient.LoginAsync(proxy.PrimaryPort);
        third.Dispose();
        name.ShouldBe("n1");
    }

    [Fact]
    public async Task What_is_not_PostgreSQL_is_closed()
    {
        await using var proxy = new ProxyUnderTest();
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        await client.EndsByResetAsync();
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "closed");
    }

    [Fact]
    public async Task A_stopping_proxy_tells_who_waits_and_lets_sessions_end()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest(drain: RawClient.Limit);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (running, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = running;
        proxy.Topology.Show(Led("n1", 8, Primary("n1", 7, n1.Port)));
        using var held = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await held.SendStartupAsync();
        await Wait.UntilAsync(() => proxy.Server.Clients == 2, "accepted");

        var stopping = proxy.StopAsync();
        (await held.ErrorAsync()).ShouldBe(("57P01", "the proxy is shutting down"));
        await running.SendAsync(1, 2, 3);
        (await running.ReadAsync(3)).ShouldBe([1, 2, 3]);
        stopping.IsCompleted.ShouldBeFalse();
        running.CloseHalf();
        await stopping.WaitAsync(RawClient.Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_session_that_outlasts_the_drain_is_cut_off()
    {
        await using var n1 = new FakePostgres("n1");
        await using var proxy = new ProxyUnderTest(drain: TimeSpan.Zero);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, n1.Port)));
        var (running, _) = await RawClient.LoginAsync(proxy.PrimaryPort);
        using var owned = running;
        await proxy.StopAsync();
        (await running.EndsByResetAsync()).ShouldBeTrue();
    }

    static async Task<string[]> NamesAsync(int port, int count)
    {
        var names = new string[count];
        for (var turn = 0; turn < count; turn++)
        {
            var (client, name) = await RawClient.LoginAsync(port);
            client.Dispose();
            names[turn] = name;
        }
        return names;
    }
}
