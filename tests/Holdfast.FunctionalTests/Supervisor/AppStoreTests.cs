using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Store;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>What supervisors agree on through the store: one preparation, and where the instances are.</summary>
public sealed class AppStoreTests : IDisposable
{
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;
    readonly MemoryStore _store = new(TimeProvider.System);
    readonly string _shared = Directory.CreateTempSubdirectory("hf-apps-").FullName;

    public AppStoreTests() => File.SetUnixFileMode(_shared, (UnixFileMode)0b111_111_111);

    public void Dispose() => Directory.Delete(_shared, recursive: true);

    string Ran => Path.Combine(_shared, "ran");
    string[] Runs => File.Exists(Ran) ? File.ReadAllLines(Ran) : [];

    TestNode Node(string host, AppSettings app) => TestNode.OfApps(
        _store, file => file with { Apps = [app] }, settings => settings with { Host = new(host) });

    [Fact]
    public async Task A_cluster_is_prepared_once_before_the_first_start_anywhere()
    {
        var app = TestApps.Prepared("a", $"id -un >>{Ran}; sleep 0.5", "n1", "n2") with
        {
            Command = ["sh", "-c", $"echo started >>{Ran}; exec sleep 1000"],
        };
        await using var first = Node("n1", app);
        await using var second = Node("n2", app);
        await first.UntilAsync("a", ProgramState.Ready, _stop);
        await second.UntilAsync("a", ProgramState.Ready, _stop);
        await Wait.UntilAsync(() => Runs.Length == 3, "both have started", _stop);
        Runs.ShouldBe(["nobody", "started", "started"]);
        var found = await _store.ReadAsync([TestApps.Keys.Prefix + "prepare/"], _stop);
        found.Pairs.Select(pair => (pair.Key, pair.Value))
            .ShouldBe([(TestApps.Keys.Prepared("a"), PrepareStep.NameOf(app.Prepare!.Command))]);
    }

    [Fact]
    public async Task Who_prepares_is_starting_and_its_words_are_in_the_app_s_log()
    {
        await using var node = Node("n1", TestApps.Prepared("a", $"echo at work; touch {Ran}; exec sleep 1000"));
        await Wait.UntilAsync(() => File.Exists(Ran), "it is being prepared", _stop);
        var status = await node.StatusOfAsync("a", _stop);
        (status.State, status.Pid, status.About).ShouldBe((ProgramState.Starting, null, "being prepared"));
        await Wait.UntilAsync(() => node.LogOf("a").Contains("at work", StringComparer.Ordinal), "its line", _stop);
        var held = await _store.ReadAsync([TestApps.Keys.PrepareLock("a")], _stop);
        held.Pairs.Single().Value.ShouldBe("n1");
        await node.StopAsync();
        // Neither the command nor the lock outlives the supervisor.
        (await _store.ReadAsync([TestApps.Keys.PrepareLock("a")], _stop)).Pairs.ShouldBeEmpty();
        ProcessSweep.AnybodyWorksIn(node.Paths.AppFolder("a")).ShouldBeFalse();
    }

    [Fact]
    public async Task When_the_one_who_prepares_dies_another_repeats_it()
    {
        var lease = await _store.GrantLeaseAsync(TimeSpan.FromSeconds(2), _stop);
        await PutAsync(_store, TestApps.Keys.PrepareLock("a"), "n9", lease.Lease);
        await using var node = Node("n1", TestApps.Prepared("a", $"echo ran >>{Ran}"));
        var waiting = await node.UntilAsync("a", status => status.About is not null, _stop);
        (waiting.State, waiting.About).ShouldBe((ProgramState.Starting, "n9 prepares it"));
        Runs.ShouldBeEmpty();
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        Runs.ShouldBe(["ran"]);
    }

    [Fact]
    public async Task A_preparation_that_fails_is_told_and_tried_again()
    {
        var app = TestApps.Prepared("a", $"echo ran >>{Ran}; [ $(wc -l <{Ran}) -ge 3 ] || exit 4");
        await using var node = Node("n1", app);
        var ready = await node.UntilAsync("a", ProgramState.Ready, _stop);
        ready.Restarts.ShouldBe(2);
        Runs.Length.ShouldBe(3);
    }

    [Fact]
    public async Task A_preparation_that_fails_for_good_is_reported()
    {
        await using var node = Node("n1", TestApps.Prepared("a", "exit 4"));
        (await node.UntilAsync("a", ProgramState.Failed, _stop)).About
            .ShouldBe("could not be started: its preparation ended with code 4");
        await TestApps.UntilAsync(_store, "a", instance => instance?.State == AppState.Failed, _stop);
    }

    [Fact]
    public async Task A_preparation_that_takes_too_long_is_killed()
    {
        var app = TestApps.Prepared("a", "setsid sleep 1000 & exec sleep 1000");
        await using var node = Node(
            "n1", app with { Prepare = app.Prepare! with { Limit = TimeSpan.FromSeconds(0.2) } });
        (await node.UntilAsync("a", ProgramState.Failed, _stop)).About
            .ShouldBe("could not be started: its preparation was killed after 0.2 s");
        ProcessSweep.AnybodyWorksIn(node.Paths.AppFolder("a")).ShouldBeFalse();
    }

    [Fact]
    public async Task Another_command_is_another_preparation()
    {
        await PutAsync(_store, TestApps.Keys.Prepared("a"), PrepareStep.NameOf(["former"]), lease: 0);
        await using var node = Node("n1", TestApps.Prepared("a", $"echo ran >>{Ran}"));
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        Runs.ShouldBe(["ran"]);
    }

    [Fact]
    public async Task What_was_prepared_starts_without_a_store_and_what_was_not_waits_for_it()
    {
        _store.IsReachable = false;
        await using var node = Node("n1", TestApps.Prepared("a", $"echo ran >>{Ran}"));
        await node.UntilAsync(
            "a", status => status.About == "whether it is prepared is unknown: the store is away", _stop);
        Runs.ShouldBeEmpty();
        _store.IsReachable = true;
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        await node.StopAsync();
        _store.IsReachable = false;
        await node.StartAgainAsync();
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        _store.IsReachable = true;
        // The store was no reason to stop, and hears of it as soon as it is back.
        await TestApps.UntilAsync(_store, "a", instance => instance?.State == AppState.Healthy, _stop);
        Runs.ShouldBe(["ran"]);
    }

    [Fact]
    public async Task An_instance_appears_changes_and_vanishes()
    {
        await using var port = new AnsweringPort { Status = 503 };
        await using var node = Node("n1", TestApps.Asked("a", port) with
        {
            Weights = System.Collections.Immutable.ImmutableSortedDictionary<NodeName, int>.Empty.Add(new("n1"), 7),
        });
        var starting = new AppInstance("a", new("n1"), $"127.0.0.1:{port.Port}", AppState.Starting, 7);
        await TestApps.UntilAsync(_store, "a", instance => instance == starting, _stop);
        port.Status = 200;
        await TestApps.UntilAsync(_store, "a", instance => instance?.State == AppState.Healthy, _stop);
        port.Status = 500;
        await TestApps.UntilAsync(_store, "a", instance => instance is { State: not AppState.Healthy }, _stop);
        port.Status = 200;
        await TestApps.UntilAsync(_store, "a", instance => instance?.State == AppState.Healthy, _stop);
        await node.StopAsync();
        (await TestApps.InstanceAsync(_store, "a", _stop)).ShouldBeNull();
        (await StatesAsync()).TakeLast(3).ShouldBe(["healthy", "draining", "gone"]);
    }

    [Fact]
    public async Task On_a_real_etcd_a_lost_lease_is_replaced_and_the_instance_is_there_again()
    {
        await using var etcd = await EtcdCluster.StartAsync(1, _stop);
        using var store = etcd.Connect();
        await using var node = TestNode.OfApps(store, TestApps.Prepared("a", $"echo ran >>{Ran}"));
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        await TestApps.UntilAsync(store, "a", instance => instance?.State == AppState.Healthy, _stop);
        Runs.ShouldBe(["ran"]);
        var key = TestApps.Keys.Instance("a", new("n1"));
        var lease = (await store.ReadAsync([key], _stop)).Find(key)!.Lease;
        lease.ShouldNotBe(0);
        (await store.RevokeLeaseAsync(lease, _stop)).ShouldBe(WriteOutcome.Written);
        (await TestApps.InstanceAsync(store, "a", _stop)).ShouldBeNull();
        await TestApps.UntilAsync(store, "a", instance => instance?.State == AppState.Healthy, _stop);
        (await node.StatusOfAsync("a", _stop)).Restarts.ShouldBe(0);
        await node.StopAsync();
        (await TestApps.InstanceAsync(store, "a", _stop)).ShouldBeNull();
    }

    /// <summary>All that was ever told of instances, in order.</summary>
    async Task<List<string>> StatesAsync()
    {
        await foreach (var batch in _store.WatchAsync([TestApps.Keys.Instances], 1, _stop))
        {
            return [.. batch.Changes.Select(change => change.Now is { } now
                ? AppInstanceJson.Read(now.Key, TestApps.Keys.Instances, now.Value)!.State.ToString().ToLowerInvariant()
                : "gone")];
        }
        return [];
    }

    async Task PutAsync(IStore store, string key, string value, long lease)
    {
        var put = new Transaction([], [new Operation.Put(key, value, lease)]);
        (await store.CommitAsync(put, _stop)).Outcome.ShouldBe(WriteOutcome.Written);
    }
}
