using System.Text.RegularExpressions;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>A client is told through the proxy what PostgreSQL itself would tell it, byte for byte, while others change
/// its server under it between any two of its transactions.</summary>
public sealed partial class TranscriptTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    const int RandomSteps = 60;

    public static TheoryData<PoolMode, string> Cases() => new MatrixTheoryData<PoolMode, string>(
        [PoolMode.Session, PoolMode.Transaction], Conversations.All.Keys);

    static PoolSettings Pools(PoolMode mode) => new() { Mode = mode, Size = 2, Loops = 1, AsksPassword = false };

    // NOTIFY tells the process that notifies.
    [GeneratedRegex(@"^A .{1,16}(?=here)", RegexOptions.Multiline, 1000)]
    private static partial Regex Notifier();

    [Theory, MemberData(nameof(Cases))]
    public async Task It_is_what_PostgreSQL_says(PoolMode mode, string name)
    {
        var steps = Conversations.All[name];
        string expected;
        using (var direct = await Talk.LoginAsync(postgres.Port))
        {
            using (var maker = await Talk.LoginAsync(postgres.Port))
                await maker.SayAsync(Say.Query(Conversations.Tables));
            foreach (var step in steps)
                await direct.SayAsync(step);
            expected = Notifier().Replace(direct.Heard, "A ");
        }
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        using var pooled = await Talk.LoginAsync(proxy.PrimaryPort);
        using var other = mode == PoolMode.Transaction ? await OtherAsync(proxy) : null;
        foreach (var step in steps)
            await SayWhileAnotherAsync(pooled, step, other);
        Difference(expected, Notifier().Replace(pooled.Heard, "A ")).ShouldBeNull();
    }

    [Theory]
    [InlineData(PoolMode.Session, 1), InlineData(PoolMode.Transaction, 1)]
    [InlineData(PoolMode.Transaction, 2), InlineData(PoolMode.Transaction, 3)]
    public async Task It_is_what_PostgreSQL_says_to_anything(PoolMode mode, int seed)
    {
        await using var proxy = new ProxyUnderTest(pools: Pools(mode));
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        using var direct = await Talk.LoginAsync(postgres.Port);
        using var pooled = await Talk.LoginAsync(proxy.PrimaryPort);
        using var other = mode == PoolMode.Transaction ? await OtherAsync(proxy) : null;
        var babble = new Babble(seed);
        for (var turn = 0; turn < RandomSteps; turn++)
        {
            var step = babble.Next();
            await direct.SayAsync(step);
            await SayWhileAnotherAsync(pooled, step, other);
            Difference(direct.Heard, pooled.Heard)
                .ShouldBeNull($"seed {seed}, turn {turn}:\n{string.Join('\n', babble.Said)}");
        }
    }

    // The first message that is another, and those before it.
    static string? Difference(string expected, string heard)
    {
        var (one, two) = (expected.Split('\n'), heard.Split('\n'));
        var at = one.Zip(two).TakeWhile(pair => pair.First == pair.Second).Count();
        return at == one.Length && at == two.Length
            ? null
            : $"after\n{string.Join('\n', one.Take(at).TakeLast(6))}\n"
                + $"expected\n{one.ElementAtOrDefault(at)}\nheard\n{two.ElementAtOrDefault(at)}";
    }

    // More clients than servers: each has another's server at any time, and hears nothing of it.
    [Theory, InlineData(1), InlineData(2)]
    public async Task Many_at_once_are_told_what_PostgreSQL_says(int seed)
    {
        const int Clients = 6, Servers = 3;
        await using var proxy = new ProxyUnderTest(pools: Pools(PoolMode.Transaction) with { Size = Servers });
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            using var direct = await Talk.LoginAsync(postgres.Port);
            using var pooled = await Talk.LoginAsync(proxy.PrimaryPort);
            var babble = new Babble((100 * seed) + number);
            for (var turn = 0; turn < RandomSteps; turn++)
            {
                var step = babble.Next();
                await direct.SayAsync(step);
                await pooled.SayAsync(step);
                Difference(direct.Heard, pooled.Heard)
                    .ShouldBeNull($"seed {seed}, client {number}, turn {turn}:\n{string.Join('\n', babble.Said)}");
            }
        }));
    }

    static async Task<Talk> OtherAsync(ProxyUnderTest proxy)
    {
        var other = await Talk.LoginAsync(proxy.PrimaryPort);
        await other.SayAsync(Say.Query("SET application_name = 'another'; SET DateStyle = 'Postgres'"));
        return other;
    }

    // The server used last is the other's meanwhile, so that each of our transactions has another one.
    static async Task SayWhileAnotherAsync(Talk talk, Step step, Talk? other)
    {
        if (other is not null)
        {
            (await other.SayAsync(Say.Query("BEGIN"))).ShouldBe("CZT");
            (await other.SayAsync(Say.Parse("", "SELECT 'not yours'"), Say.Parse("a", "SELECT 'nor this'"), Say.Sync))
                .ShouldBeOneOf("11ZT", "1EZE");
        }
        await talk.SayAsync(step);
        if (other is not null)
            (await other.SayAsync(Say.Query("ROLLBACK"))).ShouldBe("CZI");
    }
}
