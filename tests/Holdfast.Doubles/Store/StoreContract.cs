using Holdfast.Store;
using Shouldly;

namespace Holdfast.Doubles.Store;

/// <summary>A store under test, and the two things that its contract has no word for.</summary>
/// <param name="Store">Shared by all cases: each works under a prefix of its own.</param>
/// <param name="CompactAsync">Forgets the changes before a revision.</param>
/// <param name="PassAsync">Lets at least so much time go by for leases.</param>
public sealed record StoreSubject(IStore Store, Func<long, Task> CompactAsync, Func<TimeSpan, Task> PassAsync);

/// <summary>What every <see cref="IStore"/> keeps, as sentences that a test of each implementation runs by
/// name.</summary>
public static partial class StoreContract
{
    delegate Task Case(StoreSubject subject, string root, CancellationToken stop);

    static readonly TimeSpan s_caseLimit = TimeSpan.FromSeconds(30);
    static readonly SortedDictionary<string, Case> s_cases = new(StringComparer.Ordinal)
    {
        [nameof(A_read_finds_the_keys_of_its_prefixes_and_no_others)] =
            A_read_finds_the_keys_of_its_prefixes_and_no_others,
        [nameof(An_empty_value_and_any_character_survive)] = An_empty_value_and_any_character_survive,
        [nameof(A_create_succeeds_once)] = A_create_succeeds_once,
        [nameof(Each_comparison_holds_and_fails_as_it_says)] = Each_comparison_holds_and_fails_as_it_says,
        [nameof(A_transaction_happens_as_a_whole_at_one_revision)] = A_transaction_happens_as_a_whole_at_one_revision,
        [nameof(A_refused_transaction_leaves_nothing)] = A_refused_transaction_leaves_nothing,
        [nameof(A_put_on_an_unknown_lease_is_refused)] = A_put_on_an_unknown_lease_is_refused,
        [nameof(A_lease_takes_its_keys_along_when_it_ends)] = A_lease_takes_its_keys_along_when_it_ends,
        [nameof(A_lease_lives_in_its_last_second_too)] = A_lease_lives_in_its_last_second_too,
        [nameof(A_lease_that_is_kept_alive_lives)] = A_lease_that_is_kept_alive_lives,
        [nameof(A_revoked_lease_is_gone_at_once)] = A_revoked_lease_is_gone_at_once,
        [nameof(A_watch_tells_every_change_in_order)] = A_watch_tells_every_change_in_order,
        [nameof(A_watch_begins_in_the_past)] = A_watch_begins_in_the_past,
        [nameof(A_watch_gives_signs_of_life_that_cover_other_keys)] = A_watch_gives_signs_of_life_that_cover_other_keys,
        [nameof(A_watch_of_a_compacted_revision_says_so)] = A_watch_of_a_compacted_revision_says_so,
    };

    public static IEnumerable<string> Cases => s_cases.Keys;

    public static async Task RunAsync(string name, StoreSubject subject, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(s_caseLimit);
        await s_cases[name](subject, $"/contract/{name}/", limited.Token);
    }

    static async Task A_read_finds_the_keys_of_its_prefixes_and_no_others(
        StoreSubject subject, string root, CancellationToken stop)
    {
        await PutAsync(subject, root + "b/2", "two", stop);
        await PutAsync(subject, root + "a/1", "one", stop);
        await PutAsync(subject, root + "ab", "not asked for", stop);

        var found = await subject.Store.ReadAsync([root + "a/", root + "b/", root + "none/"], stop);

        found.Pairs.Select(pair => pair.Value).ShouldBe(["one", "two"]);
        found.Find(root + "b/2")!.Key.ShouldBe(root + "b/2");
        found.Find(root + "ab").ShouldBeNull();
        found.Header.StoreId.ShouldNotBe(0ul);
        found.Header.Revision.ShouldBeGreaterThanOrEqualTo(found.Pairs.Max(pair => pair.ModRevision));
    }

    static async Task An_empty_value_and_any_character_survive(
        StoreSubject subject, string root, CancellationToken stop)
    {
        const string odd = "{\"é\":\"日本\",\"\\\":'+/<>&\n\"}";
        await PutAsync(subject, root + "empty", "", stop);
        await PutAsync(subject, root + "ключ", odd, stop);

        var found = await subject.Store.ReadAsync([root], stop);

        found.Find(root + "empty")!.Value.ShouldBe("");
        found.Find(root + "ключ")!.Value.ShouldBe(odd);
    }

    static async Task A_create_succeeds_once(StoreSubject subject, string root, CancellationToken stop)
    {
        var key = root + "leader";
        var create = new Transaction([new Compare.Missing(key)], [new Operation.Put(key, "n1")]);

        var first = await subject.Store.CommitAsync(create, stop);
        var second = await subject.Store.CommitAsync(create, stop);

        first.Outcome.ShouldBe(WriteOutcome.Written);
        second.Outcome.ShouldBe(WriteOutcome.Refused);
        second.Why.ShouldNotBeEmpty();
        var pair = (await subject.Store.ReadAsync([key], stop)).Find(key)!;
        pair.CreateRevision.ShouldBe(first.Header.Revision);
        pair.ModRevision.ShouldBe(first.Header.Revision);
    }

    static async Task Each_comparison_holds_and_fails_as_it_says(
        StoreSubject subject, string root, CancellationToken stop)
    {
        var (key, none) = (root + "key", root + "none");
        var lease = await GrantAsync(subject, 60, stop);
        var put = await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(key, "v", lease)]), stop);
        var revision = put.Header.Revision;

        Compare[] right =
        [
            new Compare.Exists(key), new Compare.Missing(none), new Compare.ModRevision(key, revision),
            new Compare.ModRevision(none, 0), new Compare.Value(key, "v"), new Compare.Lease(key, lease),
        ];
        Compare[] wrong =
        [
            new Compare.Exists(none), new Compare.Missing(key), new Compare.ModRevision(key, revision - 1),
            new Compare.Value(key, "w"), new Compare.Value(none, ""), new Compare.Lease(key, lease + 1),
        ];
        (await subject.Store.CommitAsync(new Transaction([.. right], []), stop)).Outcome.ShouldBe(WriteOutcome.Written);
        foreach (var compare in wrong)
        {
            var result = await subject.Store.CommitAsync(new Transaction([compare], []), stop);
            result.Outcome.ShouldBe(WriteOutcome.Refused, compare.ToString());
        }
    }

    static async Task A_transaction_happens_as_a_whole_at_one_revision(
        StoreSubject subject, string root, CancellationToken stop)
    {
        await PutAsync(subject, root + "old/1", "x", stop);
        await PutAsync(subject, root + "old/2", "x", stop);
        await PutAsync(subject, root + "gone", "x", stop);

        var result = await subject.Store.CommitAsync(
            new Transaction(
                [new Compare.Exists(root + "gone")],
                [
                    new Operation.Put(root + "a", "1"), new Operation.Put(root + "b", "2"),
                    new Operation.Delete(root + "gone"), new Operation.DeletePrefix(root + "old/"),
                ]),
            stop);

        var found = await subject.Store.ReadAsync([root], stop);
        found.Pairs.Select(pair => pair.Key).ShouldBe([root + "a", root + "b"]);
        found.Pairs.ShouldAllBe(pair => pair.ModRevision == result.Header.Revision);
    }

    static async Task A_refused_transaction_leaves_nothing(StoreSubject subject, string root, CancellationToken stop)
    {
        var result = await subject.Store.CommitAsync(
            new Transaction(
                [new Compare.Missing(root + "a"), new Compare.Exists(root + "b")],
                [new Operation.Put(root + "a", "1")]),
            stop);

        result.Outcome.ShouldBe(WriteOutcome.Refused);
        (await subject.Store.ReadAsync([root], stop)).Pairs.ShouldBeEmpty();
    }

    static async Task PutAsync(StoreSubject subject, string key, string value, CancellationToken stop)
    {
        var result = await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(key, value)]), stop);
        result.Outcome.ShouldBe(WriteOutcome.Written, result.Why);
    }

    static async Task<long> GrantAsync(StoreSubject subject, int seconds, CancellationToken stop)
    {
        var grant = await subject.Store.GrantLeaseAsync(TimeSpan.FromSeconds(seconds), stop);
        grant.Outcome.ShouldBe(WriteOutcome.Written, grant.Why);
        grant.Ttl.ShouldBe(TimeSpan.FromSeconds(seconds));
        return grant.Lease;
    }
}
