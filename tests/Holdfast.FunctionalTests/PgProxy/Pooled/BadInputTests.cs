using System.Buffers.Binary;
using System.Text;
using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Whatever a client sends, it gets the right error or an end within a limit, and another client, who talks to
/// the same server all the while, notices nothing.</summary>
public sealed class BadInputTests(RealPostgres postgres) : IClassFixture<RealPostgres>, IAsyncLifetime
{
    readonly List<ProxyUnderTest> _proxies = [];
    ProxyUnderTest _proxy = null!;
    RawClient _other = null!;

    static byte[] Query(string sql) => FakePostgres.Message('Q', Encoding.UTF8.GetBytes(sql + "\0"));

    public async ValueTask InitializeAsync()
    {
        _proxy = Start(asksPassword: false);
        _other = await LoginAsync(_proxy);
        await _other.SendAsync(Query("BEGIN"));
        (await _other.UntilReadyAsync()).ShouldBe("CZT");
    }

    ProxyUnderTest Start(
        bool asksPassword, TimeSpan? login = null, int clientsMax = 100, PoolMode mode = PoolMode.Transaction)
    {
        var proxy = new ProxyUnderTest(loginTimeout: login, clientsMax: clientsMax, pools: new PoolSettings
        {
            Mode = mode,
            Size = 2,
            Loops = 1,
            AsksPassword = asksPassword,
        });
        _proxies.Add(proxy);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        return proxy;
    }

    static async Task<RawClient> LoginAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        (await client.UntilReadyAsync()).ShouldEndWith("KZI");
        return client;
    }

    // Its transaction is the same one, on the same server.
    async Task OtherIsWellAsync()
    {
        await _other.SendAsync(Query("SELECT 42"));
        (await _other.UntilReadyAsync()).ShouldBe("TDCZT");
        _other.HasBytes.ShouldBeFalse();
    }

    // ---- who it is ----

    [Theory]
    [InlineData("postgres", "no such database", "3D000")]
    [InlineData("stranger", "postgres", "28000")]
    [InlineData("", "postgres", "28000")]
    public async Task Who_asks_for_what_is_not_there_is_told_so(string user, string database, string code)
    {
        using var client = await RawClient.ConnectAsync(_proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup(user, database));
        (await client.ErrorAsync()).Code.ShouldBe(code);
        (await client.EndsByResetAsync()).ShouldBeFalse();
        await OtherIsWellAsync();
    }

    [Theory, InlineData("postgres"), InlineData("stranger")]
    public async Task A_wrong_password_and_an_unknown_user_are_told_the_same(string user)
    {
        var strict = Start(asksPassword: true);
        var (exit, _, error) = await Queries.PsqlAsync(
            strict.PrimaryPort, $"disable user={user} password=wrong", "SELECT 42");
        exit.ShouldBe(2);
        error.ShouldContain($"FATAL:  password authentication failed for user \"{user}\"");
        (await Queries.PsqlAsync(strict.PrimaryPort, "disable", "SELECT 42")).ShouldBe((0, "42\n", ""));
    }

    [Fact]
    public async Task Something_else_than_a_password_is_told_so()
    {
        var strict = Start(asksPassword: true);
        using var client = await RawClient.ConnectAsync(strict.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        (await client.MessageAsync()).Tag.ShouldBe('R');
        await client.SendAsync(Query("SELECT 42"));
        (await client.ErrorAsync()).ShouldBe(("08P01", "expected a password response"));
        (await client.EndsByResetAsync()).ShouldBeFalse();
    }

    // ---- before the startup message ----

    public static TheoryData<string, byte[]> NoStartup() => new()
    {
        { "http", "GET / HTTP/1.1\r\nHost: films\r\n\r\n"u8.ToArray() },
        { "TLS to a proxy that has none", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3] },
        { "zeros", new byte[64] },
        { "a length below its own", [0, 0, 0, 7, 0, 3, 0, 0] },
        { "a negative length", [255, 255, 255, 255, 0, 3, 0, 0] },
        { "a startup message of 10,005 bytes", [0, 0, 0x27, 0x15, 0, 3, 0, 0] },
        { "a startup message of 2 GB", [127, 255, 255, 255, 0, 3, 0, 0] },
        { "a name without a value", [0, 0, 0, 13, 0, 3, 0, 0, (byte)'u', (byte)'s', (byte)'e', (byte)'r', 0] },
        { "an SSLRequest that is too long", [0, 0, 0, 9, 4, 210, 22, 47, 0] },
        { "a cancel request without a key", [0, 0, 0, 8, 4, 210, 22, 46] },
        { "a cancel request of nobody", RawClient.Request(80877102, 0, 0, 0, 1, 0, 0, 0, 2) },
    };

    [Theory, MemberData(nameof(NoStartup))]
    public async Task What_is_no_startup_message_is_closed_without_a_word(string what, byte[] bytes)
    {
        using var client = await RawClient.ConnectAsync(_proxy.PrimaryPort);
        await client.SendAsync(bytes);
        await client.EndsByResetAsync();
        await Wait.UntilAsync(() => _proxy.Server.Clients == 1, what);
        await OtherIsWellAsync();
    }

    [Theory, InlineData(80877103), InlineData(80877104)]
    public async Task What_the_proxy_does_not_have_is_answered_with_no(int request)
    {
        using var client = await RawClient.ConnectAsync(_proxy.PrimaryPort);
        await client.SendAsync(RawClient.Request(request));
        (await client.ReadAsync(1)).ShouldBe("N"u8.ToArray());
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        (await client.UntilReadyAsync()).ShouldEndWith("KZI");
    }

    [Theory, InlineData(3, 2, ""), InlineData(3, 99, "v"), InlineData(2, 0, "E"), InlineData(4, 0, "E")]
    public async Task A_newer_protocol_is_negotiated_and_another_refused(int major, int minor, string first)
    {
        using var client = await RawClient.ConnectAsync(_proxy.PrimaryPort);
        var startup = RawClient.Startup("postgres", "postgres");
        BinaryPrimitives.WriteInt32BigEndian(startup.AsSpan(4), (major << 16) | minor);
        await client.SendAsync(startup);
        if (first == "E")
        {
            (await client.ErrorAsync()).Code.ShouldBe("0A000");
            return;
        }
        if (first == "v")
        {
            var (tag, body) = await client.MessageAsync();
            (tag, BinaryPrimitives.ReadInt32BigEndian(body), body.Length).ShouldBe(('v', (3 << 16) | 2, 8));
        }
        (await client.UntilReadyAsync()).ShouldEndWith("KZI");
    }

    // ---- slow ones, and many of them ----

    [Fact]
    public async Task Who_sends_a_byte_now_and_then_is_closed_at_the_limit()
    {
        var hasty = Start(asksPassword: false, login: TimeSpan.FromSeconds(1));
        using var client = await RawClient.ConnectAsync(hasty.PrimaryPort);
        var startup = RawClient.Startup("postgres", "postgres");
        // Each byte is something new, and none of them gives it more time: it never comes to the last ones.
        foreach (var one in startup[..10])
            await client.SendAsync(one);
        (await client.EndsByResetAsync()).ShouldBeFalse();
        await Wait.UntilAsync(() => hasty.Server.Clients == 0, "forgotten");
        (await LoginAsync(hasty)).Dispose();
    }

    [Fact]
    public async Task Half_open_connections_keep_nobody_out()
    {
        const int Most = 50;
        var full = Start(asksPassword: false, clientsMax: Most);
        using var good = await LoginAsync(full);
        var halves = await Task.WhenAll(
            Enumerable.Range(0, 2 * Most).Select(_ => RawClient.ConnectAsync(full.PrimaryPort)));
        // Once they have been there for a moment, whoever says who it is has their place.
        RawClient? late = null;
        while (late is null)
            late = await TryLoginAsync(full);
        foreach (var client in (RawClient[])[good, late])
        {
            await client.SendAsync(Query("SELECT 42"));
            (await client.UntilReadyAsync()).ShouldBe("TDCZI");
        }
        foreach (var client in halves.Append(late))
            client.Dispose();
    }

    // Null: turned away.
    static async Task<RawClient?> TryLoginAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        try
        {
            await client.SendAsync(RawClient.Startup("postgres", "postgres"));
            (await client.UntilReadyAsync()).ShouldEndWith("KZI");
            return client;
        }
        catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException)
        {
            client.Dispose();
            return null;
        }
    }

    [Fact]
    public async Task Whoever_is_one_too_many_is_told_so()
    {
        var full = Start(asksPassword: false, clientsMax: 1);
        using var first = await LoginAsync(full);
        using var second = await RawClient.ConnectAsync(full.PrimaryPort);
        await second.SendAsync(RawClient.Startup("postgres", "postgres"));
        (await second.ErrorAsync()).ShouldBe(("53300", "sorry, too many clients already: this proxy takes 1"));
        await first.SendAsync(Query("SELECT 42"));
        (await first.UntilReadyAsync()).ShouldBe("TDCZI");
    }

    // ---- in a session ----

    [Theory]
    [InlineData('Q', int.MaxValue)]
    [InlineData('Q', -1)]
    [InlineData('Q', 0)]
    [InlineData('P', int.MinValue)]
    [InlineData('S', 100_000)]
    [InlineData('G', 4)]
    [InlineData('\0', 0)]
    public async Task What_is_no_message_ends_its_session_alone(char tag, int length)
    {
        using var client = await LoginAsync(_proxy);
        var header = new byte[5];
        header[0] = (byte)tag;
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), length);
        await client.SendAsync(header);
        (await client.ErrorAsync()).Code.ShouldBe("08P01");
        (await client.EndsByResetAsync()).ShouldBeFalse();
        await OtherIsWellAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _other.Dispose();
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
    }
}
