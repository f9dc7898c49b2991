using System.Diagnostics;
using System.Globalization;
using Holdfast.Doubles.Postgres;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.FunctionalTests.PgProxy.Endurance.RunTime;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>
/// Mixed load through the real program on a real PostgreSQL, with faults: the program lives, its memory and its files
/// do not grow, and nothing of clients that went stays on a server. Twenty minutes of it: bench/pgproxy-soak.
/// </summary>
public sealed class SoakTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    const int PoolSize = 20;

    /// <summary>Resident memory at the end of a long run, of that at a quarter of it.</summary>
    const double GrowthMax = 1.1;

    /// <summary>Files that come and go by themselves: a connection to etcd, a login that was not over.</summary>
    const int FilesMax = 16;

    static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Load_and_faults_leave_nothing_behind()
    {
        await using var proxy = await LoneProxy.StartAsync(
            postgres.Port, PoolMode.Transaction, PoolSize, $"\"postgres\" \"{RealPostgres.Password}\"\n", Stop);
        await Pooled.Shell.PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "5");
        var (pid, files) = (proxy.Pid, proxy.OpenFiles);
        Tell($"seed {Seed}, proxy {pid}, {files} files open");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var load = new SoakLoad(proxy.PrimaryPort);
        var faults = new SoakFaults(postgres, new Random(Seed));
        var running = Task.WhenAll(load.RunAsync(over.Token), faults.RunAsync(over.Token));
        var samples = await WatchAsync(proxy, running, () => $"{load.Told}; {faults.Told}");
        await over.CancelAsync();
        await running;
        Tell($"{load.Told}; {faults.Told}");
        load.Rounds.ShouldBeGreaterThan(0, load.Told);
        proxy.HasEnded.ShouldBeFalse(proxy.Lines);
        proxy.Pid.ShouldBe(pid);
        proxy.Troubles.ShouldBeEmpty();
        await NothingIsLeftAsync(proxy, files);
        if (IsLong)
            Median(samples, 0.95, 1.0).ShouldBeLessThanOrEqualTo(GrowthMax * Median(samples, 0.22, 0.28));
    }

    static async Task<List<double>> WatchAsync(LoneProxy proxy, Task running, Func<string> told)
    {
        var samples = new List<double>();
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(s_lookEvery);
        while (Stopwatch.GetElapsedTime(started) is var now && now < Given && await timer.WaitForNextTickAsync(Stop))
        {
            if (running.IsCompleted)
                await running;
            proxy.HasEnded.ShouldBeFalse(proxy.Lines);
            samples.Add(proxy.Mebibytes);
            if (samples.Count % 10 == 0)
                Tell(string.Create(CultureInfo.InvariantCulture, $"{now.TotalSeconds,5:0} s  {samples[^1],6:0.0} MiB  ")
                    + $"{proxy.OpenFiles,4} files  {told()}");
        }
        return samples;
    }

    // All clients are gone: the servers are at rest, and the files are those of the beginning and the servers'.
    async Task NothingIsLeftAsync(LoneProxy proxy, int files)
    {
        await using var witness = new NpgsqlConnection(RealPostgres.Conninfo(postgres.Port));
        await Eventually.IsAsync("PostgreSQL answers", async () =>
        {
            try
            {
                await witness.OpenAsync(Stop);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });
        await Eventually.IsAsync("no server is busy", async () => await Queries.AskAsync(witness, """
            SELECT count(*) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'
            """) is 0L);
        await Eventually.IsAsync($"{proxy.OpenFiles} files are open, {files} at first", async () =>
        {
            var servers = (long)(await Queries.AskAsync(witness, """
                SELECT count(*) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                """))!;
            servers.ShouldBeLessThanOrEqualTo(PoolSize);
            return proxy.OpenFiles <= files + servers + FilesMax;
        });
    }

    static double Median(List<double> samples, double from, double to)
    {
        var part = samples[(int)(from * samples.Count)..(int)(to * samples.Count)];
        return part.Order().ElementAt(part.Count / 2);
    }
}
