using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Much of everything: long messages, many parameters, many statements.</summary>
public sealed class BulkTests(RealPostgres postgres) : IClassFixture<RealPostgres>, IAsyncLifetime
{
    const int LongBytes = 100_000_000, PieceBytes = 1_000_000;

    /// <summary>What a loop may allocate while a long message goes through it: for what waits for the peer.</summary>
    const int AllocatedBytesMax = 4 * 1024 * 1024;

    readonly ProxyUnderTest _proxy = new(pools: new PoolSettings
    {
        Mode = PoolMode.Transaction,
        Size = 1,
        Loops = 1,
        AsksPassword = false,
    });

    public ValueTask InitializeAsync()
    {
        _proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        return ValueTask.CompletedTask;
    }

    Task<Talk> LoginAsync() => Talk.LoginAsync(_proxy.PrimaryPort);

    [Fact]
    public async Task A_long_message_of_a_client_is_not_kept()
    {
        using var client = await LoginAsync();
        await client.SayAsync(Say.Parse("", "SELECT length($1)", 25), Say.Sync);
        var before = await AllocatedAsync(_proxy.Server.Pooled!);
        // Bind to nothing named, formats none, one value of so many bytes, results as text.
        byte[] front = [0, 0, 0, 0, 0, 1, .. Int(LongBytes)];
        var header = new byte[5];
        (header[0], var length) = ((byte)'B', 4 + front.Length + LongBytes + 2);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), length);
        await client.Client.SendAsync([.. header, .. front]);
        var piece = Encoding.ASCII.GetBytes(new string('x', PieceBytes));
        for (var sent = 0; sent < LongBytes; sent += PieceBytes)
            await client.Client.SendAsync(piece);
        await client.Client.SendAsync(0, 0);
        (await client.SayAsync(Say.Execute(), Say.Sync)).ShouldBe("2DCZI");
        client.LastValue.ShouldBe(LongBytes.ToString(CultureInfo.InvariantCulture));
        (await AllocatedAsync(_proxy.Server.Pooled!) - before).ShouldBeLessThan(AllocatedBytesMax);
    }

    [Fact]
    public async Task A_long_message_of_a_server_is_not_kept()
    {
        using var client = await LoginAsync();
        await client.SayAsync(Say.Query("SELECT 1"));
        var before = await AllocatedAsync(_proxy.Server.Pooled!);
        await client.Client.SendAsync(Say.Query($"SELECT repeat('x', {LongBytes})"));
        (await client.Client.MessageAsync()).Tag.ShouldBe('T');
        // Nobody reads for a while: the server has to wait.
        await Wait.UntilAsync(() => client.Client.HasBytes, "it comes");
        var header = await client.Client.ReadAsync(5 + 2 + 4);
        BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(7)).ShouldBe(LongBytes);
        for (var read = 0; read < LongBytes; read += PieceBytes)
            (await client.Client.ReadAsync(PieceBytes)).AsSpan().IndexOfAnyExcept((byte)'x').ShouldBe(-1);
        (await client.ListenAsync('Z')).ShouldBe("CZI");
        (await AllocatedAsync(_proxy.Server.Pooled!) - before).ShouldBeLessThan(AllocatedBytesMax);
    }

    [Theory, InlineData(10_000), InlineData(65_535)]
    public async Task Many_parameters_pass(int count)
    {
        using var client = await LoginAsync();
        var numbers = string.Join(',', Enumerable.Range(1, count).Select(number => $"${number}"));
        var values = Enumerable.Range(0, count).Select(number => (string?)$"{number % 10}").ToArray();
        foreach (var name in (string[])["", "named"])
        {
            (await client.SayAsync(
                Say.Parse(name, $"SELECT sum(n) FROM unnest(ARRAY[{numbers}]::int[]) AS n"), Say.Describe(name),
                Say.Bind(name, values), Say.Execute(), Say.Sync)).ShouldBe("1tT2DCZI");
            client.LastValue.ShouldBe($"{Enumerable.Range(0, count).Sum(number => number % 10)}");
        }
    }

    // Three times what a server keeps for each of three clients, whose names are the same and whose texts are not.
    [Fact]
    public async Task More_statements_than_a_server_keeps_are_found_again()
    {
        const int Statements = 1000, AtOnce = 100;
        var random = new Random(7);
        var clients = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => LoginAsync()));
        foreach (var (number, client) in clients.Index())
        {
            for (var first = 0; first < Statements; first += AtOnce)
                (await client.SayAsync([
                    .. Enumerable.Range(first, AtOnce)
                        .Select(one => Say.Parse($"s{one}", $"SELECT {number}{one:0000}")),
                    Say.Sync,
                ])).ShouldBe(new string('1', AtOnce) + "ZI");
        }
        for (var turn = 0; turn < 60; turn++)
        {
            var (number, client) = clients.Index().ElementAt(random.Next(3));
            var asked = Enumerable.Range(0, AtOnce).Select(_ => random.Next(Statements)).ToArray();
            await client.Client.SendAsync(Say.All(
                [.. asked.SelectMany(one => (byte[][])[Say.Bind($"s{one}"), Say.Execute()]), Say.Sync]));
            foreach (var one in asked)
            {
                await client.ListenAsync('C');
                client.LastValue.ShouldBe($"{number}{one:0000}".TrimStart('0').PadLeft(1, '0'));
            }
            (await client.ListenAsync('Z')).ShouldBe("ZI");
        }
        foreach (var client in clients)
            client.Dispose();
    }

    static byte[] Int(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    static Task<long> AllocatedAsync(PooledProxy proxy)
    {
        var answer = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        proxy.Workers[0].Loop.Post(() => answer.SetResult(GC.GetAllocatedBytesForCurrentThread()));
        return answer.Task;
    }

    public async ValueTask DisposeAsync() => await _proxy.DisposeAsync();
}
