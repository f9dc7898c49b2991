using Holdfast.Store;
using Shouldly;

namespace Holdfast.Doubles.Store;

/// <summary>The cases about leases and watches.</summary>
public static partial class StoreContract
{
    static async Task A_put_on_an_unknown_lease_is_refused(StoreSubject subject, string root, CancellationToken stop)
    {
        var result = await subject.Store.CommitAsync(
            new Transaction([], [new Operation.Put(root + "a", "1", Lease: 987_654_321)]), stop);

        result.Outcome.ShouldBe(WriteOutcome.Refused);
        result.Why.ShouldContain("lease");
    }

    static async Task A_lease_takes_its_keys_along_when_it_ends(
        StoreSubject subject, string root, CancellationToken stop)
    {
        var lease = await GrantAsync(subject, 2, stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(root + "a", "1", lease)]), stop);
        (await subject.Store.ReadAsync([root], stop)).Find(root + "a")!.Lease.ShouldBe(lease);

        while ((await subject.Store.ReadAsync([root], stop)).Pairs.Length > 0)
            await subject.PassAsync(TimeSpan.FromMilliseconds(200));

        (await subject.Store.TimeToLiveAsync(lease, stop)).ShouldBeNull();
        (await subject.Store.KeepAliveAsync(lease, stop)).ShouldBeNull();
    }

    static async Task A_lease_lives_in_its_last_second_too(StoreSubject subject, string root, CancellationToken stop)
    {
        var lease = await GrantAsync(subject, 2, stop);
        await subject.PassAsync(TimeSpan.FromMilliseconds(1200));

        (await subject.Store.TimeToLiveAsync(lease, stop)).ShouldNotBeNull();
    }

    static async Task A_lease_that_is_kept_alive_lives(StoreSubject subject, string root, CancellationToken stop)
    {
        var lease = await GrantAsync(subject, 2, stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(root + "a", "1", lease)]), stop);
        for (var i = 0; i < 8; i++)
        {
            (await subject.Store.KeepAliveAsync(lease, stop)).ShouldBe(TimeSpan.FromSeconds(2));
            await subject.PassAsync(TimeSpan.FromMilliseconds(400));
        }
        (await subject.Store.ReadAsync([root], stop)).Pairs.Length.ShouldBe(1);
        (await subject.Store.TimeToLiveAsync(lease, stop)).ShouldNotBeNull();
    }

    static async Task A_revoked_lease_is_gone_at_once(StoreSubject subject, string root, CancellationToken stop)
    {
        var lease = await GrantAsync(subject, 60, stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(root + "a", "1", lease)]), stop);

        (await subject.Store.RevokeLeaseAsync(lease, stop)).ShouldBe(WriteOutcome.Written);
        (await subject.Store.RevokeLeaseAsync(lease, stop)).ShouldBe(WriteOutcome.Refused);
        (await subject.Store.ReadAsync([root], stop)).Pairs.ShouldBeEmpty();
        (await subject.Store.TimeToLiveAsync(lease, stop)).ShouldBeNull();
    }

    static async Task A_watch_tells_every_change_in_order(StoreSubject subject, string root, CancellationToken stop)
    {
        var from = (await subject.Store.ReadAsync([root], stop)).Header.Revision + 1;
        await using var watch =
            subject.Store.WatchAsync([root + "a/", root + "b/"], from, stop).GetAsyncEnumerator(stop);
        var lease = await GrantAsync(subject, 60, stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.Put(root + "a/1", "x", lease)]), stop);
        await PutAsync(subject, root + "other", "x", stop);
        await PutAsync(subject, root + "b/1", "y", stop);
        await PutAsync(subject, root + "a/1", "z", stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.DeletePrefix(root)]), stop);

        var changes = await TakeAsync(watch, 5);

        var (a, b) = (Under("a/"), Under("b/"));
        a.Select(change => change.Now?.Value).ShouldBe(["x", "z", null]);
        b.Select(change => change.Now?.Value).ShouldBe(["y", null]);
        a.Select(change => change.Revision).ShouldBeInOrder();
        a[^1].Revision.ShouldBe(b[^1].Revision);
        a[0].Now!.Lease.ShouldBe(lease);
        a[1].Now!.CreateRevision.ShouldBe(a[0].Revision);

        List<Change> Under(string folder) =>
            changes.FindAll(change => change.Key.StartsWith(root + folder, StringComparison.Ordinal));
    }

    static async Task A_watch_begins_in_the_past(StoreSubject subject, string root, CancellationToken stop)
    {
        await PutAsync(subject, root + "before", "x", stop);
        var from = (await subject.Store.ReadAsync([root], stop)).Header.Revision + 1;
        await PutAsync(subject, root + "a", "1", stop);
        await PutAsync(subject, root + "a", "2", stop);
        await PutAsync(subject, root + "b", "3", stop);

        await using var watch = subject.Store.WatchAsync([root], from, stop).GetAsyncEnumerator(stop);

        (await TakeAsync(watch, 3)).Select(change => change.Now!.Value).ShouldBe(["1", "2", "3"]);
    }

    static async Task A_watch_gives_signs_of_life_that_cover_other_keys(
        StoreSubject subject, string root, CancellationToken stop)
    {
        await PutAsync(subject, root + "a/1", "x", stop);
        await PutAsync(subject, root + "a/2", "x", stop);
        var from = (await subject.Store.ReadAsync([root], stop)).Header.Revision + 1;
        await using var watch = subject.Store.WatchAsync([root + "a/"], from, stop).GetAsyncEnumerator(stop);
        await subject.Store.CommitAsync(new Transaction([], [new Operation.Delete(root + "a/1")]), stop);
        (await TakeAsync(watch, 1))[0].Now.ShouldBeNull();
        await PutAsync(subject, root + "other", "x", stop);
        var revision = (await subject.Store.ReadAsync([root], stop)).Header.Revision;

        var next = watch.MoveNextAsync().AsTask();
        var confirmedAt = default(TimeSpan?);
        while (true)
        {
            while (!next.IsCompleted)
                await subject.PassAsync(TimeSpan.FromMilliseconds(50));
            (await next).ShouldBeTrue();
            watch.Current.Changes.ShouldBeEmpty();
            if (watch.Current.Header.Revision >= revision && watch.Current.ConfirmedAt > confirmedAt)
                return;
            confirmedAt ??= watch.Current.ConfirmedAt;
            next = watch.MoveNextAsync().AsTask();
        }
    }

    static async Task A_watch_of_a_compacted_revision_says_so(
        StoreSubject subject, string root, CancellationToken stop)
    {
        await PutAsync(subject, root + "a", "1", stop);
        var early = (await subject.Store.ReadAsync([root], stop)).Header.Revision;
        await PutAsync(subject, root + "a", "2", stop);
        await PutAsync(subject, root + "a", "3", stop);
        await subject.CompactAsync(early + 2);

        await using var watch = subject.Store.WatchAsync([root], early, stop).GetAsyncEnumerator(stop);

        await Should.ThrowAsync<CompactedException>(() => TakeAsync(watch, 1));
    }

    static async Task<List<Change>> TakeAsync(IAsyncEnumerator<WatchBatch> watch, int count)
    {
        var changes = new List<Change>();
        while (changes.Count < count)
        {
            (await watch.MoveNextAsync()).ShouldBeTrue();
            changes.AddRange(watch.Current.Changes);
        }
        return changes;
    }
}
