using System.Text;
using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>The extended protocol, message by message, with one server for all.</summary>
public sealed class ProtocolTests(RealPostgres postgres) : IClassFixture<RealPostgres>, IAsyncLifetime
{
    readonly ProxyUnderTest _proxy = new(pools: new PoolSettings
    {
        Mode = PoolMode.Transaction,
        Size = 1,
        Loops = 1,
        AsksPassword = false,
    });

    RawClient _client = null!;

    static readonly byte[] s_sync = FakePostgres.Message('S', []);
    static readonly byte[] s_execute = FakePostgres.Message('E', [0, 0, 0, 0, 0]);

    static byte[] Query(string sql) => FakePostgres.Message('Q', Bytes(sql));
    static byte[] Parse(string name, string sql) => FakePostgres.Message('P', [.. Bytes(name), .. Bytes(sql), 0, 0]);
    static byte[] Bind(string name) => FakePostgres.Message('B', [0, .. Bytes(name), 0, 0, 0, 0, 0, 0]);
    static byte[] Describe(string name) => FakePostgres.Message('D', [(byte)'S', .. Bytes(name)]);
    static byte[] Close(string name) => FakePostgres.Message('C', [(byte)'S', .. Bytes(name)]);
    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text + "\0");

    public async ValueTask InitializeAsync()
    {
        _proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        _client = await LoginAsync();
    }

    async Task<RawClient> LoginAsync()
    {
        var client = await RawClient.ConnectAsync(_proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        (await client.UntilReadyAsync()).ShouldEndWith("KZI");
        return client;
    }

    async Task<string> AskAsync(RawClient client, params byte[][] messages)
    {
        await client.SendAsync([.. messages.SelectMany(message => message)]);
        return await client.UntilReadyAsync();
    }

    [Fact]
    public async Task Answers_of_ours_come_in_their_turn()
    {
        (await AskAsync(_client, Parse("a", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        // The server knows the text by now: the second Parse is answered by the proxy, after what was sent before it.
        (await AskAsync(
            _client, Bind("a"), s_execute, Parse("b", "SELECT 1"), Bind("b"), s_execute, Close("b"), s_sync))
            .ShouldBe("2DC12DC3ZI");
        (await AskAsync(_client, Parse("b", "SELECT 2"), Describe("b"), s_sync)).ShouldBe("1tTZI");
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_and_free_after_its_close()
    {
        (await AskAsync(_client, Parse("a", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(_client, Parse("a", "SELECT 2"), s_sync)).ShouldBe("EZI");
        (await AskAsync(_client, Close("a"), Parse("a", "SELECT 2"), Bind("a"), s_execute, s_sync)).ShouldBe("312DCZI");
        (await AskAsync(_client, Close("a"), s_sync)).ShouldBe("3ZI");
        (await AskAsync(_client, Bind("a"), s_sync)).ShouldBe("EZI");
    }

    [Fact]
    public async Task After_an_error_all_is_skipped_up_to_the_sync()
    {
        (await AskAsync(_client, Parse("a", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(
            _client, Parse("x", "nonsense"), Parse("y", "SELECT 1"), Bind("a"), s_execute, Query("SELECT 1"), s_sync))
            .ShouldBe("EZI");
        // Neither name was taken.
        (await AskAsync(_client, Parse("x", "SELECT 3"), Parse("y", "SELECT 1"), Bind("y"), s_execute, s_sync))
            .ShouldBe("112DCZI");
    }

    [Fact]
    public async Task Each_unit_of_a_pipeline_has_its_own_error()
    {
        (await AskAsync(
            _client, Parse("", "SELECT 1 / 0"), Bind(""), s_execute, s_sync, Parse("", "SELECT 1"), Bind(""), s_execute,
            s_sync)).ShouldBe("1EZI");
        (await _client.UntilReadyAsync()).ShouldBe("12DCZI");
    }

    [Fact]
    public async Task The_unnamed_statement_outlives_another_clients()
    {
        using var other = await LoginAsync();
        (await AskAsync(_client, Parse("", "SELECT 1 WHERE true"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(other, Parse("", "SELECT 1 WHERE false"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(_client, Bind(""), s_execute, s_sync)).ShouldBe("2DCZI");
        (await AskAsync(other, Describe(""), Bind(""), s_execute, s_sync)).ShouldBe("tT2CZI");
    }

    [Fact]
    public async Task The_unnamed_statement_is_its_clients_alone()
    {
        using var other = await LoginAsync();
        (await AskAsync(_client, Parse("", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        // Another's simple statement ends it on the server, and not for its client.
        (await AskAsync(other, Query("SELECT 2"))).ShouldBe("TDCZI");
        (await AskAsync(_client, Bind(""), s_execute, s_sync)).ShouldBe("2DCZI");
        // Who has none gets none: never said, behind an error, ended by a statement, closed.
        (await AskAsync(other, Bind(""), s_execute, s_sync)).ShouldBe("EZI");
        (await AskAsync(_client, Parse("", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(other, Bind("none"), Parse("", "SELECT 2"), s_sync)).ShouldBe("EZI");
        (await AskAsync(other, Bind(""), s_execute, s_sync)).ShouldBe("EZI");
        (await AskAsync(_client, Parse("", "SELECT 1"), Close(""), s_sync)).ShouldBe("13ZI");
        (await AskAsync(other, Parse("", "SELECT 2"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(_client, Describe(""), s_sync)).ShouldBe("EZI");
        (await AskAsync(other, Bind(""), s_execute, s_sync)).ShouldBe("2DCZI");
    }

    [Fact]
    public async Task A_sync_alone_is_answered_and_a_flush_is_not()
    {
        (await AskAsync(_client, s_sync)).ShouldBe("ZI");
        (await AskAsync(_client, FakePostgres.Message('H', []), s_sync, s_sync)).ShouldBe("ZI");
        (await _client.UntilReadyAsync()).ShouldBe("ZI");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_copy_may_come_with_an_early_sync(bool isEarly)
    {
        (await AskAsync(_client, Query("CREATE TABLE IF NOT EXISTS copies (id int)"))).ShouldEndWith("CZI");
        var copy = Parse("", "COPY copies FROM STDIN");
        var last = isEarly ? s_sync : FakePostgres.Message('H', []);
        await _client.SendAsync([.. copy, .. Bind(""), .. s_execute, .. last]);
        (await _client.MessageAsync()).Tag.ShouldBe('1');
        (await _client.MessageAsync()).Tag.ShouldBe('2');
        (await _client.MessageAsync()).Tag.ShouldBe('G');
        (await AskAsync(
            _client, FakePostgres.Message('d', "1\n2\n"u8), FakePostgres.Message('c', []), s_sync)).ShouldBe("CZI");
        // The server is anybody's again.
        using var other = await LoginAsync();
        (await AskAsync(other, Query("SELECT count(*) FROM copies"))).ShouldBe("TDCZI");
    }

    [Fact]
    public async Task A_copy_that_fails_leaves_the_session_whole()
    {
        (await AskAsync(_client, Query("CREATE TABLE IF NOT EXISTS copies (id int)"))).ShouldEndWith("CZI");
        await _client.SendAsync(Query("COPY copies FROM STDIN"));
        (await _client.MessageAsync()).Tag.ShouldBe('G');
        (await AskAsync(_client, FakePostgres.Message('f', "no\0"u8))).ShouldBe("EZI");
        await _client.SendAsync(Query("COPY copies FROM STDIN"));
        (await _client.MessageAsync()).Tag.ShouldBe('G');
        (await AskAsync(_client, FakePostgres.Message('d', "x\n"u8), FakePostgres.Message('c', []))).ShouldBe("EZI");
        (await AskAsync(_client, Query("SELECT 1"))).ShouldBe("TDCZI");
    }

    [Fact]
    public async Task Simple_statements_forget_and_find_what_was_prepared()
    {
        (await AskAsync(_client, Parse("a", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(_client, Query("DEALLOCATE ALL"))).ShouldBe("CZI");
        (await AskAsync(_client, Bind("a"), s_sync)).ShouldBe("EZI");
        (await AskAsync(_client, Parse("a", "SELECT 1"), s_sync)).ShouldBe("1ZI");
        (await AskAsync(_client, Query("DEALLOCATE a"))).ShouldBe("CZI");
        (await AskAsync(_client, Parse("a", "SELECT 2"), Bind("a"), s_execute, s_sync)).ShouldBe("12DCZI");
    }

    [Theory, InlineData("DISCARD ALL"), InlineData("DEALLOCATE ALL")]
    public async Task What_is_prepared_behind_a_statement_that_forgets_is_there(string forgets)
    {
        (await AskAsync(_client, Parse("a", "SELECT 1"), Parse("b", "SELECT 2"), s_sync)).ShouldBe("11ZI");
        byte[] unit = [.. Parse("a", "SELECT 1"), .. Bind("a"), .. s_execute, .. s_sync];
        await _client.SendAsync([.. Query("SELECT 3"), .. Query(forgets), .. unit]);
        (await _client.UntilReadyAsync()).ShouldBe("TDCZI");
        (await _client.UntilReadyAsync()).ShouldBe("CZI");
        (await _client.UntilReadyAsync()).ShouldBe("12DCZI");
        (await AskAsync(_client, Query(forgets))).ShouldBe("CZI");
        (await AskAsync(_client, Parse("b", "SELECT 2"), Bind("b"), s_execute, s_sync)).ShouldBe("12DCZI");
        (await AskAsync(_client, Bind("a"), s_sync)).ShouldBe("EZI");
    }

    [Fact]
    public async Task A_reset_between_two_uses_leaves_the_session_free()
    {
        using var other = await LoginAsync();
        const string Reset = "SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;"
            + "SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP";
        (await AskAsync(_client, Query(Reset))).ShouldEndWith("ZI");
        // There is one server for the two.
        (await AskAsync(other, Query("SELECT 1"))).ShouldBe("TDCZI");
    }

    [Fact]
    public async Task A_client_that_asks_without_end_is_answered_without_end()
    {
        const int Count = 3 * 16 * 1024;
        var sending = _client.SendAsync([.. Enumerable.Repeat(Query(""), Count).SelectMany(message => message)]);
        for (var answer = 0; answer < Count; answer++)
            (await _client.UntilReadyAsync()).ShouldBe("IZI");
        await sending;
    }

    [Theory, InlineData('?', 4), InlineData('Q', 3), InlineData('S', 100_000), InlineData('p', 4)]
    public async Task What_is_no_message_ends_the_session_alone(char tag, int length)
    {
        using var other = await LoginAsync();
        await other.SendAsync((byte)tag, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length);
        (await other.ErrorAsync()).Code.ShouldBe("08P01");
        (await other.EndsByResetAsync()).ShouldBeFalse();
        (await AskAsync(_client, Query("SELECT 1"))).ShouldBe("TDCZI");
    }

    [Fact]
    public async Task A_statement_in_single_bytes_is_answered_like_any_other()
    {
        byte[] unit = [.. Parse("slow", "SELECT 1"), .. Bind("slow"), .. s_execute, .. s_sync, .. Query("SELECT 2")];
        foreach (var one in unit)
            await _client.SendAsync(one);
        (await _client.UntilReadyAsync()).ShouldBe("12DCZI");
        (await _client.UntilReadyAsync()).ShouldBe("TDCZI");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
    }
}
