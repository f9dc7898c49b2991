using System.Buffers.Binary;
using Holdfast.Doubles.PgProxy;
using Holdfast.FunctionalTests.PgProxy.Pooled;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>What the console answers to messages that no good client sends.</summary>
public sealed class ConsoleProtocolTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    static readonly byte[] s_sync = FakePostgres.Message('S', []);

    ProxyUnderTest Trusting() => Start(PoolMode.Transaction, adjust: settings =>
        settings with { Pools = settings.Pools! with { AsksPassword = false } });

    static async Task<RawClient> EnterAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "pgbouncer"));
        (await client.UntilReadyAsync()).ShouldEndWith("ZI");
        return client;
    }

    [Fact]
    public async Task A_message_too_long_and_one_that_is_none_end_it()
    {
        var proxy = Trusting();
        using var talkative = await EnterAsync(proxy);
        var header = new byte[5];
        header[0] = (byte)'Q';
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), 100_000);
        await talkative.SendAsync([.. header, .. new byte[100_000]]);
        (await talkative.ErrorAsync()).Code.ShouldBe("54000");
        using var confused = await EnterAsync(proxy);
        await confused.SendAsync([.. "GET / HTTP/1.1\r\n\r\n"u8]);
        (await confused.ErrorAsync()).Code.ShouldBe("08P01");
        await Wait.UntilAsync(() => proxy.Server.Pooled!.Consoles == 0, "both have gone");
    }

    [Fact]
    public async Task An_error_is_told_once_and_what_follows_is_skipped_to_the_next_Sync()
    {
        var proxy = Trusting();
        using var client = await EnterAsync(proxy);
        var execute = FakePostgres.Message('E', [.. "nothing\0"u8, 0, 0, 0, 0]);
        await client.SendAsync([.. execute, .. execute, .. FakePostgres.Message('D', [.. "Snothing\0"u8]), .. s_sync]);
        (await client.ErrorAsync()).Code.ShouldBe("34000");
        (await client.UntilReadyAsync()).ShouldBe("ZI");
        var parse = FakePostgres.Message('P', [.. "mine\0SHOW STATE\0"u8, 0, 0]);
        var bind = FakePostgres.Message('B', [.. "\0mine\0"u8, 0, 0, 0, 1, 0, 0, 0, 1, (byte)'x', 0, 0]);
        await client.SendAsync([.. parse, .. bind, .. s_sync]);
        (await client.MessageAsync()).Tag.ShouldBe('1');
        (await client.ErrorAsync()).Message.ShouldBe("the console's commands take no parameters");
        (await client.UntilReadyAsync()).ShouldBe("ZI");
        var good = FakePostgres.Message('B', [.. "\0mine\0"u8, 0, 0, 0, 0, 0, 0]);
        var describe = FakePostgres.Message('D', [.. "Smine\0"u8]);
        var run = FakePostgres.Message('E', [0, 0, 0, 0, 0]);
        await client.SendAsync([.. good, .. describe, .. run, .. s_sync]);
        (await client.UntilReadyAsync()).ShouldBe("2tTDDDCZI");
    }

    [Fact]
    public async Task Random_messages_never_harm_the_next_client()
    {
        var proxy = Trusting();
        var random = new Random(3);
        byte[] tags = [.. "QPBDECSHXpdcf"u8];
        for (var round = 0; round < 200; round++)
        {
            using var client = await EnterAsync(proxy);
            for (var message = 0; message < 10; message++)
            {
                var body = new byte[random.Next(64)];
                random.NextBytes(body);
                await SendAsync(client, FakePostgres.Message((char)tags[random.Next(tags.Length)], body));
            }
        }
        using var good = await EnterAsync(proxy);
        await good.SendAsync(FakePostgres.Message('Q', [.. "SHOW VERSION\0"u8]));
        (await good.UntilReadyAsync()).ShouldBe("TDCZI");
    }

    // It may have been closed meanwhile.
    static async Task SendAsync(RawClient client, byte[] bytes)
    {
        try
        {
            await client.SendAsync(bytes);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return;
        }
    }
}
