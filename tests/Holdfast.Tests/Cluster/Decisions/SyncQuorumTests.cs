using System.Collections.Immutable;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Decisions;

/// <summary>
/// Drives <see cref="SyncQuorum.Next"/> through random comings and goings, with a small model of who has which commit.
/// The
/// dumb twin: after every step every set of nodes that could elect a leader must contain every acknowledged commit.
/// </summary>
public sealed class SyncQuorumTests
{
    static readonly NodeName Self = new("n0");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whoever_can_elect_has_whatever_was_acknowledged(int nodeCount)
    {
        for (var seed = 0; seed < 2000; seed++)
            new Model(seed, nodeCount).Run(steps: 120);
    }

    [Fact]
    public void The_set_settles_and_covers_all_who_stream()
    {
        var model = new Model(seed: 7, nodeCount: 1);
        model.Everybody();
        for (var step = 0; step < 50; step++)
            model.Step();
        model.Key.ShouldBe(new SyncKey(Self, model.All, model.All.Length - 1));
        model.Names.ShouldBe(new SyncNames(1, model.All));
    }

    [Fact]
    public void Names_survive_being_written_and_read() =>
        SyncNames.Parse(new SyncNames(1, [new NodeName("a-1"), new NodeName("b")]).Text)
            .ShouldBe(new SyncNames(1, [new NodeName("a-1"), new NodeName("b")]));

    [Fact]
    public void A_foreign_form_is_not_ours() => SyncNames.Parse("FIRST 1 (a)").ShouldBeNull();

    sealed class Model(int seed, int nodeCount)
    {
        readonly Random _random = new(seed);
        readonly HashSet<NodeName> _streaming = [];
        readonly Dictionary<NodeName, ulong> _flushed = [];
        ulong _written = 1, _acknowledged;
        ulong _namesSince;
        long _revision = 1;

        public ImmutableArray<NodeName> All { get; } = [new("n1"), new("n2"), new("n3"), new("n4")];
        public SyncKey Key { get; private set; } = new(Self, [], 0);
        public SyncNames Names { get; private set; } = SyncNames.Nobody;

        public void Everybody() => _streaming.UnionWith(All);

        public void Run(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                switch (_random.Next(6))
                {
                    case 0: Toggle(All[_random.Next(All.Length)]); break;
                    case 1: _written++; break;
                    case 2: Receive(All[_random.Next(All.Length)]); break;
                    case 3: Acknowledge(); break;
                    default: Step(); break;
                }
                CheckElections(i);
            }
        }

        void Toggle(NodeName node)
        {
            if (!_streaming.Remove(node))
                _streaming.Add(node);
        }

        void Receive(NodeName node)
        {
            if (_streaming.Contains(node))
                _flushed[node] = _written;
        }

        // PostgreSQL acknowledges up to the position that Count of the names have flushed.
        void Acknowledge()
        {
            var position = Names.Count == 0
                ? _written
                : Names.Standbys.Select(Flushed).OrderDescending().Skip(Names.Count - 1).FirstOrDefault();
            _acknowledged = Math.Max(_acknowledged, position);
        }

        ulong Flushed(NodeName node) => _flushed.GetValueOrDefault(node);

        public void Step()
        {
            foreach (var node in _streaming)
                _flushed[node] = Math.Max(Flushed(node), _random.Next(2) == 0 ? _written : 0);
            var eligible = _streaming.Order().ToImmutableArray();
            var step = SyncQuorum.Next(new SyncFacts
            {
                Self = Self,
                Key = new SyncView(Key.Leader, Key.Standbys, Key.Quorum, _revision),
                Names = Names,
                Eligible = eligible,
                CaughtUp = [.. eligible.Where(node => Flushed(node) >= _namesSince)],
                OldWalSenders = [],
                NodeCount = nodeCount,
                Strict = false,
                SurelyAlone = _random.Next(2) == 0,
                Enabled = true,
            });
            switch (step)
            {
                case SyncStep.WriteKey d: (Key, _revision) = (d.Key, _revision + 1); break;
                case SyncStep.SetNames d: (Names, _namesSince) = (d.Names, _written); break;
            }
        }

        // An election takes one voter and Quorum others, none of them ahead: the best of any such set must have
        // everything.
        void CheckElections(int step)
        {
            var voters = Key.Standbys;
            var electors = Key.Quorum + 1;
            if (voters.Length < electors)
                return;
            var worstBest = voters.Select(Flushed).Order().Take(electors).Max();
            worstBest.ShouldBeGreaterThanOrEqualTo(
                _acknowledged,
                $"seed {seed}, step {step}: {electors} of {string.Join(',', voters)}, names {Names.Text}");
        }
    }
}
