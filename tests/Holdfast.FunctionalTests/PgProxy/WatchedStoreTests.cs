using System.Net;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.PgProxy;
using Holdfast.Doubles.Store;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Routing;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>The proxy as it is wired: etcd, its watcher, and the ledger of terms on disk.</summary>
public sealed class WatchedStoreTests : IAsyncLifetime
{
    static readonly PatroniKeys Keys = new("service", "films");

    readonly string _folder = Directory.CreateTempSubdirectory("holdfast-pgproxy-").FullName;
    readonly CancellationTokenSource _stop = new();
    EtcdCluster _etcd = null!;
    EtcdStore _store = null!;
    ClusterWatcher _watcher = null!;
    PgProxyServer _proxy = null!;
    Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _etcd = await EtcdCluster.StartAsync(1, Stop);
        _store = _etcd.Connect();
        _watcher = new ClusterWatcher(_store, Keys, new HoldfastKeys("films"), BootClock.Provider, NullLogger.Instance);
        _proxy = new PgProxyServer(
            new ProxySettings
            {
                Cluster = "films",
                Address = IPAddress.Loopback,
                PrimaryPort = 0,
                ReplicasPort = 0,
                DrainLimit = TimeSpan.Zero,
            },
            new WatchedTopology(_watcher), Memory(), () => BootClock.Now, NullLoggerFactory.Instance);
        _running = Task.WhenAll(_watcher.RunAsync(_stop.Token), _proxy.RunAsync(_stop.Token));
        await PutAsync(Keys.Config, $$"""{"ttl":{{Ttl.TotalSeconds}}}""");
    }

    [Fact]
    public async Task The_lock_in_the_store_decides_and_its_move_cuts()
    {
        await using var n1 = new FakePostgres("n1");
        await using var n2 = new FakePostgres("n2");
        using var held = await RawClient.ConnectAsync(_proxy.PrimaryEndPoint.Port);
        await held.SendStartupAsync();

        var first = await PutAsync(Keys.Leader, "n1");
        await DescribeAsync(Replica("n2", n2.Port));
        await DescribeAsync(Primary("n1", first, n1.Port));
        (await held.ServerNameAsync()).ShouldBe("n1");

        var second = await PutAsync(Keys.Leader, "n2");
        (await held.EndsByResetAsync()).ShouldBeTrue();
        using var next = await RawClient.ConnectAsync(_proxy.PrimaryEndPoint.Port);
        await next.SendStartupAsync();
        await DescribeAsync(Primary("n2", second, n2.Port));
        (await next.ServerNameAsync()).ShouldBe("n2");
        Memory().Newest.ShouldBe(new Term(second));
    }

    [Fact]
    public async Task A_frozen_store_holds_new_clients_after_the_ttl_until_it_thaws()
    {
        await using var n1 = new FakePostgres("n1");
        await DescribeAsync(Primary("n1", await PutAsync(Keys.Leader, "n1"), n1.Port));
        var (running, _) = await RawClient.LoginAsync(_proxy.PrimaryEndPoint.Port);
        using var owned = running;

        _etcd.Members[0].Freeze();
        await Wait.UntilAsync(() => BootClock.Now - _watcher.Current!.FreshAt >= Ttl, "stale");
        using var late = await RawClient.ConnectAsync(_proxy.PrimaryEndPoint.Port);
        await late.SendStartupAsync();
        await Wait.UntilAsync(() => _proxy.Clients == 2, "accepted");
        await running.SendAsync(1, 2, 3);
        (await running.ReadAsync(3)).ShouldBe([1, 2, 3]);
        (late.HasBytes, n1.Logins).ShouldBe((false, 1));

        _etcd.Members[0].Thaw();
        (await late.ServerNameAsync()).ShouldBe("n1");
    }

    LedgerMemory Memory() => new(TermLedger.Open(_folder, TimeProvider.System), NullLogger.Instance);

    Task<long> DescribeAsync(MemberView member) => PutAsync(Keys.Member(member.Name.Value), MemberJson.Write(member));

    async Task<long> PutAsync(string key, string value)
    {
        var result = await _store.CommitAsync(new Transaction([], [new Operation.Put(key, value)]), Stop);
        result.Outcome.ShouldBe(WriteOutcome.Written);
        return result.Header.Revision;
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _proxy.Dispose();
        _store.Dispose();
        await _etcd.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
