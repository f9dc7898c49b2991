using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What is kept for a client that does not read, and for a server that does not.</summary>
public sealed class SlowPeerTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const int Bytes = 32 * 1024 * 1024;

    /// <summary>What one read gives, with what is put in between.</summary>
    const int KeptMax = 2 * EventLoop.BufferBytes;

    static readonly PoolSettings s_settings =
        new() { Mode = PoolMode.Transaction, Size = 1, Loops = 1, AsksPassword = false };

    static async Task<RawClient> LoginAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        await client.UntilReadyAsync();
        return client;
    }

    // Of its client and of its server.
    static async Task<(int Client, int Server)> KeptAsync(PooledProxy proxy)
    {
        var answer = new TaskCompletionSource<(int, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var worker = proxy.Workers[0];
        worker.Loop.Post(() =>
        {
            var client = worker.Clients.Single();
            answer.SetResult((client.Connection.BytesKept, client.Server?.Connection.BytesKept ?? 0));
        });
        return await answer.Task;
    }

    [Fact]
    public async Task A_client_that_does_not_read_costs_what_one_read_gave()
    {
        var proxy = Start(s_settings);
        using var client = await LoginAsync(proxy);
        var asked = $"SELECT repeat('x', 1024) FROM generate_series(1, {Bytes / 1024})\0";
        await client.SendAsync(FakePostgres.Message('Q', System.Text.Encoding.ASCII.GetBytes(asked)));
        var (kept, same) = (0, 0);
        // Until nothing moves any more.
        while (same < 20)
        {
            await Task.Delay(10, Stop);
            var now = (await KeptAsync(proxy.Server.Pooled!)).Client;
            now.ShouldBeLessThanOrEqualTo(KeptMax);
            (kept, same) = (now, now > 0 && now == kept ? same + 1 : 0);
        }
        (await client.UntilReadyAsync()).Length.ShouldBe("T".Length + (Bytes / 1024) + "CZI".Length);
        (await KeptAsync(proxy.Server.Pooled!)).Client.ShouldBe(0);
    }

    [Fact]
    public async Task A_server_that_does_not_read_costs_what_one_read_gave()
    {
        var proxy = Start(s_settings);
        using var client = await LoginAsync(proxy);
        await client.SendAsync(FakePostgres.Message('Q', "CREATE TABLE taken (text text)\0"u8));
        await client.UntilReadyAsync();
        await using var other = await OpenAsync(Postgres.Port);
        await using var transaction = await other.BeginTransactionAsync(Stop);
        await Queries.AskAsync(other, "LOCK TABLE taken");
        // It waits for the lock, and hears nothing meanwhile.
        await client.SendAsync(FakePostgres.Message('Q', "SELECT * FROM taken\0"u8));
        var sync = FakePostgres.Message('S', []);
        var message = FakePostgres.Message(
            'P', [0, .. "SELECT '"u8, .. Enumerable.Repeat((byte)'x', 9000), .. "'\0"u8, 0, 0]);
        var sending = SendAsync(client, [.. message, .. sync], Bytes / message.Length);
        var most = 0;
        while (most == 0)
        {
            await Task.Delay(10, Stop);
            most = (await KeptAsync(proxy.Server.Pooled!)).Server;
            most.ShouldBeLessThanOrEqualTo(KeptMax);
        }
        sending.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync(Stop);
        await client.UntilReadyAsync();
        for (var answers = 0; answers < Bytes / message.Length; answers++)
            (await client.UntilReadyAsync()).ShouldBe("1ZI");
        await sending;
    }

    static async Task SendAsync(RawClient client, byte[] unit, int times)
    {
        for (var time = 0; time < times; time++)
            await client.SendAsync(unit);
    }
}
