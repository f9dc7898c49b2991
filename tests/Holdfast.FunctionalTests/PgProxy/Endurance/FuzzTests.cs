using System.Diagnostics;
using System.Globalization;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;
using static Holdfast.FunctionalTests.PgProxy.Endurance.RunTime;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>
/// Clients and servers that say anything at all, to the real program: it lives, its memory is bounded, no server is
/// sent what is no message, and clients that behave are answered as ever. Minutes of it: bench/pgproxy-fuzz.
/// </summary>
public sealed class FuzzTests
{
    const int Attackers = 4, MebibytesMax = 400;

    /// <summary>Of the memory after a quarter of a long run.</summary>
    const double GrowthMax = 1.25, GrowthMebibytes = 16;

    static readonly TimeSpan s_tellEvery = TimeSpan.FromSeconds(10), s_lookEvery = TimeSpan.FromMilliseconds(250);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData(PoolMode.Transaction)]
    public async Task Anything_at_all_harms_nobody(PoolMode mode)
    {
        var mutation = new Mutation(Seed);
        await using var server = new ParsingPostgres(mutation);
        var md5 = Md5Password.Stored("fuzz", RealPostgres.Password);
        await using var proxy = await LoneProxy.StartAsync(
            server.Port, mode, size: 8, $"\"postgres\" \"{RealPostgres.Password}\"\n\"fuzz\" \"{md5}\"\n", Stop);
        var pid = proxy.Pid;
        Tell($"seed {Seed}, proxy {pid}");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var attackers = Enumerable.Range(0, Attackers)
            .Select(_ => new Attacker(proxy.PrimaryPort, mutation)).ToArray();
        var behaved = Enumerable.Range(0, 2).Select(number => new Behaved(proxy.PrimaryPort, number)).ToArray();
        var running = Task.WhenAll(
            [.. attackers.Select(one => one.RunAsync(over.Token)), .. behaved.Select(one => one.RunAsync(over.Token))]);
        var early = 0.0;
        var (started, told) = (Stopwatch.GetTimestamp(), TimeSpan.Zero);
        using var timer = new PeriodicTimer(s_lookEvery);
        while (Stopwatch.GetElapsedTime(started) is var now && now < Given && await timer.WaitForNextTickAsync(Stop))
        {
            if (running.IsCompleted)
                await running;
            proxy.HasEnded.ShouldBeFalse($"seed {Seed}: the proxy has ended:\n{proxy.Lines}");
            var mebibytes = proxy.Mebibytes;
            mebibytes.ShouldBeLessThan(MebibytesMax, $"seed {Seed}");
            early = now < Given / 4 ? Math.Max(early, mebibytes) : early;
            if (now - told < s_tellEvery)
                continue;
            told = now;
            Tell(string.Create(CultureInfo.InvariantCulture, $"{now.TotalSeconds,5:0} s  {mebibytes,6:0.0} MiB  ")
                + $"{attackers.Sum(one => one.Sessions)} sessions, {server.Messages} messages reached a server, "
                + $"{behaved.Sum(one => one.Answers)} answers were right, {proxy.OpenFiles} files open");
        }
        await over.CancelAsync();
        await running;
        proxy.Troubles.ShouldBeEmpty($"seed {Seed}");
        server.Violations.ShouldBeEmpty($"seed {Seed}");
        behaved.ShouldAllBe(one => one.Answers > 0);
        proxy.HasEnded.ShouldBeFalse();
        if (IsLong)
            proxy.Mebibytes.ShouldBeLessThan((early * GrowthMax) + GrowthMebibytes);
    }
}
