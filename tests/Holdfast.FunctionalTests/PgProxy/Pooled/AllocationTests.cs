using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What a loop allocates while it passes messages on: nothing.</summary>
public sealed class AllocationTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    const int Warmups = 2000, Rounds = 2000;

    /// <summary>A tick of the pool's timer, the posted question itself.</summary>
    const int BytesMax = 16 * 1024;

    static readonly byte[] s_simple = FakePostgres.Message('Q', "SELECT 1\0"u8);

    static readonly byte[] s_prepared =
    [
        .. FakePostgres.Message('B', [0, .. "mine\0"u8, 0, 0, 0, 0, 0, 0]),
        .. FakePostgres.Message('E', [0, 0, 0, 0, 0]),
        .. FakePostgres.Message('S', []),
    ];

    [Theory]
    [InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Transaction, true)]
    [InlineData(PoolMode.Session, false), InlineData(PoolMode.Session, true)]
    public async Task A_message_costs_no_memory(PoolMode mode, bool isPrepared)
    {
        await using var proxy = new ProxyUnderTest(pools: new PoolSettings
        {
            Mode = mode,
            Size = 2,
            Loops = 1,
            AsksPassword = false,
        });
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        using var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        await client.UntilReadyAsync();
        await client.SendAsync(FakePostgres.Message('P', [.. "mine\0"u8, .. "SELECT 1\0"u8, 0, 0]));
        await client.SendAsync(FakePostgres.Message('S', []));
        await client.UntilReadyAsync();

        var message = isPrepared ? s_prepared : s_simple;
        await RepeatAsync(client, message, Warmups);
        var before = await AllocatedAsync(proxy.Server.Pooled!);
        await RepeatAsync(client, message, Rounds);
        (await AllocatedAsync(proxy.Server.Pooled!) - before).ShouldBeLessThan(BytesMax);
    }

    static async Task RepeatAsync(RawClient client, byte[] message, int times)
    {
        for (var turn = 0; turn < times; turn++)
        {
            await client.SendAsync(message);
            await client.UntilReadyAsync();
        }
    }

    static Task<long> AllocatedAsync(PooledProxy proxy)
    {
        var answer = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        proxy.Workers[0].Loop.Post(() => answer.SetResult(GC.GetAllocatedBytesForCurrentThread()));
        return answer.Task;
    }
}
