using System.Globalization;
using System.Net.Sockets;
using Holdfast.Doubles.Postgres;
using Holdfast.FunctionalTests.PgProxy.Endurance;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;
using static Holdfast.FunctionalTests.PgProxy.Pooled.Step;
using static Holdfast.FunctionalTests.PgProxy.Say;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>
/// A server, or a client, that is lost at any point of a conversation: nobody is told a success that was none, nothing
/// is done twice, nobody hangs, and the next one on the same pool is unharmed.
/// </summary>
public sealed class LossTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    /// <summary>No conversation here has so many messages.</summary>
    const int MessagesMax = 40;

    static int s_id;

    static readonly Dictionary<string, Func<string, Step[]>> s_conversations = new(StringComparer.Ordinal)
    {
        ["a statement"] = id => [Of(Query($"INSERT INTO lost VALUES ({id})"))],
        ["rows"] = _ => [Of(Query("SELECT generate_series(1, 5)"))],
        ["several statements"] = id => [Of(Query($"SELECT 1; INSERT INTO lost VALUES ({id}); SELECT 2"))],
        ["a unit"] = id =>
        [
            Of(Parse("", "INSERT INTO lost VALUES ($1::int)"), Bind("", id), DescribePortal(""), Execute(), Sync),
        ],
        ["prepared, and in a pipeline"] = id =>
        [
            Of(Parse("s", "INSERT INTO lost VALUES ($1::int)"), Describe("s"), Sync),
            Units(2, Bind("s", id), Execute(), Sync, Parse("", "SELECT 1"), Bind(""), Execute(), Sync),
        ],
        ["COPY in"] = id =>
        [
            To('G', Query("COPY lost FROM STDIN")), Of(CopyData($"{id}\n"), CopyData(""), CopyDone),
        ],
        ["COPY in, extended"] = id =>
        [
            To('G', Parse("", "COPY lost FROM STDIN"), Bind(""), Execute(), Flush),
            Of(CopyData($"{id}\n"), CopyDone, Sync),
        ],
        ["COPY out"] = _ => [Of(Query("COPY (SELECT generate_series(1, 5)) TO STDOUT"))],
        ["a transaction"] = id =>
        [
            Of(Query("BEGIN")), Of(Query($"INSERT INTO lost VALUES ({id})")), Of(Query("SELECT 1")),
            Of(Query("COMMIT")),
        ],
        ["a transaction in a pipeline"] = id =>
        [
            Units(3, Parse("", "BEGIN"), Bind(""), Execute(), Sync, Parse("", $"INSERT INTO lost VALUES ({id})"),
                Bind(""), Execute(), Sync, Parse("", "COMMIT"), Bind(""), Execute(), Sync),
        ],
    };

    public static TheoryData<PoolMode, string, CutSide> ServerCases() =>
        new MatrixTheoryData<PoolMode, string, CutSide>(
            [PoolMode.Session, PoolMode.Transaction], s_conversations.Keys, [CutSide.Requests, CutSide.Answers]);

    public static TheoryData<PoolMode, string> ClientCases() => new MatrixTheoryData<PoolMode, string>(
        [PoolMode.Session, PoolMode.Transaction], s_conversations.Keys);

    static PoolSettings Pools(PoolMode mode) => new()
    {
        Mode = mode,
        Size = mode == PoolMode.Session ? 3 : 1,
        Loops = 1,
        AsksPassword = false,
    };

    [Theory, MemberData(nameof(ServerCases))]
    public async Task A_server_may_be_lost_after_any_message(PoolMode mode, string name, CutSide side)
    {
        using var witness = await WitnessAsync();
        await using var cutter = new Cutter(postgres.Port);
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, cutter.Port)));
        using var neighbour = await Talk.LoginAsync(proxy.PrimaryPort);
        await neighbour.SayAsync(Query("SELECT 1"));
        var rolledBack = new List<string> { "0" };
        // 0 and 7 bytes into the next message: between two, and in the middle of most.
        foreach (var bytes in (int[])[0, 7])
        {
            var cuts = 0;
            for (var messages = bytes == 0 ? 1 : 0; messages < MessagesMax; messages++)
            {
                if (!await CutAsync(proxy, cutter, witness, neighbour, rolledBack, name, (side, messages, bytes)))
                    break;
                cuts++;
            }
            cuts.ShouldBeGreaterThan(0);
            cuts.ShouldBeLessThan(MessagesMax);
        }
        await NothingIsOpenAsync(witness);
        (await CountAsync(witness, $"id IN ({string.Join(',', rolledBack)})")).ShouldBe(0, "told as rolled back");
        (await CountAsync(witness, "(SELECT count(*) FROM lost AS other WHERE other.id = lost.id) > 1")).ShouldBe(0);
    }

    static Task NothingIsOpenAsync(Talk witness) => Eventually.IsAsync("nothing is left open", async () =>
    {
        await witness.SayAsync(Query("""
            SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
                AND state <> 'idle'
            """));
        return witness.LastValue == "0";
    });

    // False: the conversation was over before.
    static async Task<bool> CutAsync(
        ProxyUnderTest proxy, Cutter cutter, Talk witness, Talk neighbour, List<string> rolledBack, string name,
        (CutSide Side, int Messages, int Bytes) cut)
    {
        var id = NextId();
        // What the server is told of the name goes ahead of the first statement.
        using var client = await Talk.LoginAsync(proxy.PrimaryPort, application: $"client {id}");
        (await client.SayAsync(Query("SELECT 1"))).ShouldBe("TDCZI");
        cutter.CutAfter(cut.Side, cut.Messages, cut.Bytes);
        var isAlive = await ConverseAsync(client, s_conversations[name](id));
        cutter.CutNothing();
        await JudgeAsync(witness, name, id, client.Heard, $"{name} {cut}", rolledBack);
        if (isAlive)
            await AskAsync(client, "42", $"{name} {cut}");
        await AskAsync(neighbour, "43", $"{name} {cut}");
        return cutter.HasCut;
    }

    // Up to the first error, as a program would; false: the connection has ended.
    static async Task<bool> ConverseAsync(Talk client, Step[] steps)
    {
        try
        {
            foreach (var step in steps)
            {
                var heard = await client.SayAsync(step);
                if (!heard.Contains('E', StringComparison.Ordinal))
                    continue;
                if (!heard.Contains('Z', StringComparison.Ordinal))
                    await client.SayAsync(Sync);
                break;
            }
            return !client.Heard.Contains("VFATAL", StringComparison.Ordinal);
        }
        catch (Exception ended) when (ended is EndOfStreamException or SocketException)
        {
            return false;
        }
    }

    // A loss that nobody has noticed yet may cost one statement more.
    static async Task AskAsync(Talk talk, string number, string what)
    {
        if (await talk.SayAsync(Query($"SELECT {number}")) == "EZI")
            await talk.SayAsync(Query($"SELECT {number}"));
        talk.Heard.ShouldEndWith($"D \\00\\01\\00\\00\\00\\02{number}\nC SELECT 1\\00\nZ I\n", Case.Sensitive, what);
    }

    static async Task JudgeAsync(
        Talk witness, string name, string id, string heard, string what, List<string> rolledBack)
    {
        var rows = await CountAsync(witness, $"id = {id}");
        var errors = heard.Split('\n').Where(line => line.StartsWith("E ", StringComparison.Ordinal)).ToArray();
        errors.ShouldAllBe(line => line.Contains("C40001\\00", StringComparison.Ordinal)
            || line.Contains("C08007\\00", StringComparison.Ordinal)
            || line.Contains("C57P01\\00", StringComparison.Ordinal), what);
        rows.ShouldBeLessThan(2, what);
        if (!name.Contains("row", StringComparison.Ordinal) && !name.EndsWith("out", StringComparison.Ordinal)
            && IsToldWhole(name, heard))
            rows.ShouldBe(1, $"{what}: told as done, and it is not:\n{heard}");
        if (errors is [.., var last] && last.Contains("C40001\\00", StringComparison.Ordinal))
            rolledBack.Add(id);
    }

    // All of its units were answered, none by an error.
    static bool IsToldWhole(string name, string heard)
    {
        var units = s_conversations[name]("0").Sum(step => step.Until == 'Z' ? step.Times : 0);
        var lines = heard.Split('\n');
        return !lines.Any(line => line.StartsWith("E ", StringComparison.Ordinal))
            && lines.Count(line => line == "Z I" || line == "Z T") == units + 1; // And that before the cut.
    }

    // The statement is on its way by then.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_server_that_refuses_a_clients_name_is_lost(PoolMode mode)
    {
        await using var server = new ParsingPostgres(new Mutation(1));
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, server.Port)));
        using (var client = await Talk.LoginAsync(proxy.PrimaryPort, application: ParsedAnswers.Refused))
        {
            (await client.SayAsync(Query("INSERT INTO lost VALUES (1)"))).ShouldBe("EZI");
            client.Heard.ShouldContain("C08007\\00");
        }
        using var next = await Talk.LoginAsync(proxy.PrimaryPort, application: "another");
        (await next.SayAsync(Query("SELECT 1"))).ShouldBe("TDCZI");
        server.Violations.ShouldBeEmpty();
    }

    // It is begun anew on another one, and then no more; nothing can have been carried out.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_lone_begin_that_takes_its_servers_down_is_told_as_rolled_back(PoolMode mode)
    {
        await using var server = new ParsingPostgres(new Mutation(1));
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, server.Port)));
        using var client = await Talk.LoginAsync(proxy.PrimaryPort);
        (await client.SayAsync(Query($"BEGIN {ParsedAnswers.Dies}"))).ShouldBe("EZI");
        client.Heard.ShouldContain("C40001\\00");
        (await client.SayAsync(Query("SELECT 1"))).ShouldBe("TDCZI");
    }

    [Theory, MemberData(nameof(ClientCases))]
    public async Task A_client_may_be_lost_after_any_message(PoolMode mode, string name)
    {
        using var witness = await WitnessAsync();
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        using var neighbour = await Talk.LoginAsync(proxy.PrimaryPort);
        await neighbour.SayAsync(Query("SELECT 1"));
        foreach (var end in Ends(Say.All([.. s_conversations[name]("1000000").Select(step => step.Bytes)])))
        {
            var id = NextId();
            using (var client = await Talk.LoginAsync(proxy.PrimaryPort))
            {
                var all = Say.All([.. s_conversations[name](id).Select(step => step.Bytes)]);
                await client.Client.SendAsync(all[..Math.Min(end, all.Length)]);
            }
            (await neighbour.SayAsync(Query("SELECT 43"))).ShouldBe("TDCZI", $"{name}, {end} bytes");
        }
        await NothingIsOpenAsync(witness);
        (await CountAsync(witness, "(SELECT count(*) FROM lost AS other WHERE other.id = lost.id) > 1")).ShouldBe(0);
    }

    public static TheoryData<PoolMode, int> OpenUnits() =>
        new MatrixTheoryData<PoolMode, int>([PoolMode.Session, PoolMode.Transaction], [0, 1, 2]);

    // All that it had asked for is answered; only the end of it was never said.
    [Theory, MemberData(nameof(OpenUnits))]
    public async Task A_unit_that_a_client_leaves_open_is_not_the_next_ones(PoolMode mode, int number)
    {
        using var witness = await WitnessAsync();
        await using var proxy = new ProxyUnderTest(pools: Pools(mode) with { Size = 1 });
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        var id = NextId();
        using (var client = await Talk.LoginAsync(proxy.PrimaryPort))
        {
            await client.SayAsync(number switch
            {
                0 => To('C', Parse("", $"INSERT INTO lost VALUES ({id})"), Bind(""), Execute(), Flush),
                1 => To('E', Bind("none"), Flush),
                // A message of which only the front is there.
                _ => Of(Query("SELECT 1"), CopyData(new string('x', 1000))[..8]),
            });
        }
        using var next = await Talk.LoginAsync(proxy.PrimaryPort);
        (await next.SayAsync(Parse("", "SELECT 7"), Bind(""), Execute(), Sync)).ShouldBe("12DCZI");
        next.LastValue.ShouldBe("7");
        (await CountAsync(witness, $"id = {id}")).ShouldBe(0);
    }

    // After each message, and after three bytes of each.
    static IEnumerable<int> Ends(byte[] all)
    {
        for (var at = 0; at < all.Length;)
        {
            yield return at;
            yield return at + 3;
            MessageHeader.FromClient(all.AsSpan(at), out var header).ShouldBe(HeaderRead.Whole);
            at += (int)header.WholeBytes;
        }
        yield return all.Length;
    }

    async Task<Talk> WitnessAsync()
    {
        var witness = await Talk.LoginAsync(postgres.Port);
        await witness.SayAsync(Query("CREATE TABLE IF NOT EXISTS lost (id int)"));
        return witness;
    }

    static async Task<int> CountAsync(Talk witness, string condition)
    {
        await witness.SayAsync(Query($"SELECT count(*) FROM lost WHERE {condition}"));
        return int.Parse(witness.LastValue, CultureInfo.InvariantCulture);
    }

    // Of one length, so that a place in one conversation is the same in the next.
    static string NextId() => (1_000_000 + Interlocked.Increment(ref s_id)).ToString(CultureInfo.InvariantCulture);
}
