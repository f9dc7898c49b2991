using Holdfast.Doubles.Store;
using Holdfast.Store;
using Holdfast.Store.Memory;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class MemoryStoreTests
{
    public static TheoryData<string> Cases => [.. StoreContract.Cases];

    [Theory, MemberData(nameof(Cases))]
    public async Task A_store_in_memory_keeps_the_contract(string sentence)
    {
        var clock = new ManualClock();
        var store = new MemoryStore(clock);
        var subject = new StoreSubject(
            store,
            revision =>
            {
                store.Compact(revision);
                return Task.CompletedTask;
            },
            async by =>
            {
                clock.Advance(by);
                await Task.Yield();
            });
        await StoreContract.RunAsync(sentence, subject, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_store_that_is_away_throws_on_reads_and_answers_unknown_to_writes()
    {
        var stop = TestContext.Current.CancellationToken;
        var store = new MemoryStore(new ManualClock());
        await using var watch = store.WatchAsync(["/"], 1, stop).GetAsyncEnumerator(stop);
        await watch.MoveNextAsync();

        store.IsReachable = false;

        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.ReadAsync(["/"], stop));
        await Should.ThrowAsync<StoreUnavailableException>(async () => await watch.MoveNextAsync());
        var write = await store.CommitAsync(new Transaction([], [new Operation.Put("/a", "1")]), stop);
        write.Outcome.ShouldBe(WriteOutcome.Unknown);
    }
}
