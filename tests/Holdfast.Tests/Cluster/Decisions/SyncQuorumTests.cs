using System.Globalization;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Decisions;

/// <summary>Random comings and goings, changed settings, lost writes, late readers, restarts; after every single step
/// all acknowledging sets are held against all electing sets (<see cref="SyncSetModel"/>).</summary>
public sealed class SyncQuorumTests
{
    const int Steps = 200;

    /// <summary>For a longer search than a unit test should be.</summary>
    static readonly int s_seeds =
        int.TryParse(Environment.GetEnvironmentVariable("HOLDFAST_SEEDS"), CultureInfo.InvariantCulture, out var seeds)
            ? seeds
            : 150;

    [Theory]
    [InlineData(SynchronousMode.Quorum, false)]
    [InlineData(SynchronousMode.On, false)]
    [InlineData(SynchronousMode.Off, true)]
    public void Whoever_can_elect_has_whatever_was_acknowledged(SynchronousMode mode, bool changesMode)
    {
        for (var seed = 0; seed < s_seeds; seed++)
        {
            var model = new SyncSetModel(seed)
            {
                Settings = Clusters.Quorum with { SynchronousMode = mode },
                ChangesMode = changesMode,
            };
            model.Run(Steps);
        }
    }

    [Theory]
    [InlineData(SynchronousMode.Quorum, 1, 3, "ANY 1 (\"n1\",\"n2\",\"n3\",\"n4\")")]
    [InlineData(SynchronousMode.Quorum, 2, 2, "ANY 2 (\"n1\",\"n2\",\"n3\",\"n4\")")]
    [InlineData(SynchronousMode.On, 4, 0, "4 (\"n1\",\"n2\",\"n3\",\"n4\")")]
    [InlineData(SynchronousMode.Off, 1, 0, "")]
    public void The_set_settles_after_whatever_went_before(SynchronousMode mode, int count, int quorum, string names)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var model = new SyncSetModel(seed) { ChangesMode = true };
            model.Run(Steps);
            model.Everybody();
            model.Agree(Clusters.Quorum with { SynchronousMode = mode, SynchronousNodeCount = count });
            model.Settle(turns: 60);
            model.Names.Text.ShouldBe(names, $"seed {seed}");
            model.Key.Quorum.ShouldBe(quorum, $"seed {seed}");
            model.Key.Standbys.ShouldBe(names.Length > 0 ? model.Standbys : [], $"seed {seed}");
        }
    }

    [Theory]
    [InlineData("ANY 1 (\"a-1\",\"b\")", 1, false)]
    [InlineData("\"a-1\"", 1, true)]
    [InlineData("2 (\"a-1\",\"b\")", 2, true)]
    [InlineData("ANY 1 (__patroni_strict_sync_replica_placeholder__)", 1, false)]
    [InlineData("__patroni_strict_sync_replica_placeholder__", 1, true)]
    public void Names_survive_being_read_and_written(string text, int count, bool listed)
    {
        var names = SyncNames.Parse(text).ShouldNotBeNull();
        (names.Text, names.Count, names.Listed).ShouldBe((text, count, listed));
    }

    [Theory]
    [InlineData("FIRST 1 (a)")]
    [InlineData("1 (a,b)")]
    [InlineData("a,b")]
    [InlineData("*")]
    [InlineData("ANY x (a)")]
    public void A_foreign_form_is_not_ours(string text) => SyncNames.Parse(text).ShouldBeNull();
}
