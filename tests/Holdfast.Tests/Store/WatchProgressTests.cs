using System.Collections.Immutable;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class WatchProgressTests
{
    [Fact]
    public void Nothing_new_is_covered_though_the_store_went_on() =>
        Watching(after: 10, keys: 2).Covers(Probe(revision: 99, keys: 2, newest: 8)).ShouldBeTrue();

    [Fact]
    public void A_newer_key_is_not_covered_before_it_was_told()
    {
        var progress = Watching(after: 10, keys: 2);
        var probe = Probe(revision: 12, keys: 2, newest: 12);

        progress.Covers(probe).ShouldBeFalse();
        progress.Deliver(Put("/a/1", created: 3, revision: 12));
        progress.Covers(probe).ShouldBeTrue();
    }

    [Fact]
    public void A_deletion_is_not_covered_before_it_was_told()
    {
        var progress = Watching(after: 10, keys: 2);
        var probe = Probe(revision: 12, keys: 1, newest: 8);

        progress.Covers(probe).ShouldBeFalse();
        progress.Deliver(new Change("/a/1", Now: null, 12));
        progress.Covers(probe).ShouldBeTrue();
    }

    [Fact]
    public void A_key_that_came_in_place_of_another_is_noticed()
    {
        var progress = Watching(after: 10, keys: 2);
        var probe = Probe(revision: 12, keys: 2, newest: 12);

        progress.Deliver(new Change("/a/1", Now: null, 11));
        progress.Covers(probe).ShouldBeFalse();
        progress.Deliver(Put("/a/3", created: 12, revision: 12));
        progress.Covers(probe).ShouldBeTrue();
    }

    [Fact]
    public void Whoever_was_told_of_later_changes_was_told_of_all_before()
    {
        var progress = Watching(after: 10, keys: 2);

        progress.Deliver(Put("/a/1", created: 3, revision: 15));

        progress.Covers(Probe(revision: 12, keys: 3, newest: 12)).ShouldBeTrue();
    }

    [Fact]
    public void Every_prefix_counts()
    {
        var progress = new WatchProgress(["/a/", "/b/"], 10, [1, 1]);
        var probe = new WatchProbe(new StoreHeader(1, 1, 12, 1), [new(1, 5), new(2, 12)], default);

        progress.Covers(probe).ShouldBeFalse();
        progress.Deliver(Put("/b/2", created: 12, revision: 12));
        progress.Covers(probe).ShouldBeTrue();
    }

    /// <summary>The clever function against a dumb one: is what was delivered the same as what there is?</summary>
    [Fact]
    public void It_says_covered_exactly_when_the_sets_are_equal_or_what_was_told_is_newer()
    {
        var random = new Random(20_260_715);
        for (var round = 0; round < 2_000; round++)
        {
            var truth = new SortedDictionary<string, long>(StringComparer.Ordinal);
            var told = new SortedDictionary<string, long>(StringComparer.Ordinal);
            var progress = Watching(after: 0, keys: 0);
            var changes = Changes(random, truth).ToList();
            var probe = Probe(changes.Count, truth.Count, truth.Values.DefaultIfEmpty().Max());
            foreach (var change in changes)
            {
                progress.Covers(probe).ShouldBe(truth.SequenceEqual(told));
                progress.Deliver(change);
                if (change.Now is null)
                    told.Remove(change.Key);
                else
                    told[change.Key] = change.Revision;
            }
            progress.Covers(probe).ShouldBeTrue();
        }
    }

    static IEnumerable<Change> Changes(Random random, SortedDictionary<string, long> truth)
    {
        var created = new Dictionary<string, long>(StringComparer.Ordinal);
        var count = random.Next(1, 8);
        for (var revision = 1; revision <= count; revision++)
        {
            var key = $"/a/{random.Next(3)}";
            if (random.Next(2) == 0 && truth.Remove(key))
            {
                created.Remove(key);
                yield return new Change(key, Now: null, revision);
                continue;
            }
            created.TryAdd(key, revision);
            truth[key] = revision;
            yield return Put(key, created[key], revision);
        }
    }

    static WatchProgress Watching(long after, long keys) => new(["/a/"], after, [keys]);

    static WatchProbe Probe(long revision, long keys, long newest) =>
        new(new StoreHeader(1, 1, revision, 1), ImmutableArray.Create(new PrefixState(keys, newest)), default);

    static Change Put(string key, long created, long revision) =>
        new(key, new KeyValue(key, "", created, revision, 0), revision);
}
