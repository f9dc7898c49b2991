using Holdfast.Cluster.Model;
using Holdfast.Doubles.PgProxy;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

public sealed class SwitchboardTests
{
    readonly FakeTopology _topology = new();
    TimeSpan _now = BootClock.Now;

    [Fact]
    public void Replicas_take_turns()
    {
        using var board = Board();
        _topology.Show(Leaderless(Replica("n2"), Replica("n3")));
        Picks(board, 4).ShouldBe(["n2", "n3", "n2", "n3"]);
    }

    [Fact]
    public void A_replica_that_refused_is_passed_over_for_a_second()
    {
        using var board = Board();
        _topology.Show(Leaderless(Replica("n2"), Replica("n3")));
        board.PassOverForNow(board.Pick(Port.Replicas, out _)!.Value);
        Picks(board, 3).ShouldBe(["n3", "n3", "n3"]);
        _now += Switchboard.PassOver;
        Picks(board, 2).ShouldBe(["n2", "n3"], ignoreOrder: true);
    }

    [Fact]
    public void Turns_follow_the_weights()
    {
        using var board = Board(new ReplicaSettings
        {
            Weights = System.Collections.Immutable.ImmutableSortedDictionary<NodeName, int>.Empty
                .Add(new NodeName("n2"), 3),
        });
        _topology.Show(Leaderless(Replica("n2"), Replica("n3")));
        Picks(board, 8).Count(name => name == "n2").ShouldBe(6);
    }

    [Fact]
    public void Other_words_of_the_operator_hold_at_once()
    {
        using var board = Board(new ReplicaSettings { FallsBack = false });
        _topology.Show(Led("n1", 7, Primary("n1", 7)));
        board.Pick(Port.Replicas, out _).ShouldBeNull();
        var told = board.NextChange;
        board.Change(new ReplicaSettings { FallsBack = true });
        told.IsCompleted.ShouldBeTrue();
        board.Pick(Port.Replicas, out _).ShouldNotBeNull().Name.Value.ShouldBe("n1");
    }

    [Fact]
    public void Who_has_connections_comes_after_who_has_fewer_for_its_weight()
    {
        using var board = Board();
        _topology.Show(Leaderless(Replica("n2"), Replica("n3")));
        for (var pick = 0; pick < 3; pick++)
        {
            board.Pick(Port.Replicas, out _, server => server.Name.Value == "n2" ? 2 : 1)!.Value.Name.Value
                .ShouldBe("n3");
        }
    }

    [Fact]
    public void If_all_refused_they_take_turns_all_the_same()
    {
        using var board = Board();
        _topology.Show(Leaderless(Replica("n2"), Replica("n3")));
        for (var turn = 0; turn < 2; turn++)
            board.PassOverForNow(board.Pick(Port.Replicas, out _)!.Value);
        Picks(board, 4).ShouldBe(["n2", "n3", "n2", "n3"], ignoreOrder: true);
    }

    [Fact]
    public void The_newest_term_outlives_the_view_that_brought_it()
    {
        using var board = Board();
        _topology.Show(Led("n1", 9, Primary("n1", 9)));
        _topology.Show(Led("n1", 7, Primary("n1", 7)));
        board.Pick(Port.Primary, out var why).ShouldBeNull();
        why.ShouldBe("the store says term 7, and term 9 was seen");
    }

    [Fact]
    public void A_change_wakes_who_took_the_signal_before_it()
    {
        using var board = Board();
        var change = board.NextChange;
        _topology.Show(Leaderless());
        change.IsCompleted.ShouldBeTrue();
        board.NextChange.IsCompleted.ShouldBeFalse();
    }

    Switchboard Board(ReplicaSettings? replicas = null) =>
        new(_topology, new FakeTermMemory(), TimeSpan.FromSeconds(30), () => _now, replicas);

    static string[] Picks(Switchboard board, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => board.Pick(Port.Replicas, out var why)!.Value.Name.Value)];
}
