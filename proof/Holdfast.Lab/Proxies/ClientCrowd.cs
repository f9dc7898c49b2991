using System.Diagnostics;
using System.Globalization;
using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Proxies;

/// <summary>Many clients of one proxy: idle ones, and ones that all come back at once.</summary>
/// <param name="path">Which proxy.</param>
/// <param name="clients">How many of them.</param>
sealed class ClientCrowd(ProxyPath path, int clients)
{
    const int ComingAtOnce = 200, AskingAtOnce = 64;

    /// <summary>Pools of the clients that come back at once: each wants servers of its own.</summary>
    const int Kinds = 40;
    static readonly TimeSpan s_storm = TimeSpan.FromSeconds(120), s_rest = TimeSpan.FromSeconds(10);

    /// <summary>Memory with all of them idle, each of which has asked something.</summary>
    /// <param name="results">A file that gets a record of it, of the <paramref name="series"/>; null: none.</param>
    public async Task<bool> IdleAsync(string programs, string series, string? results, CancellationToken stop)
    {
        await using var stage = await Stage.SetAsync([path], programs, stop);
        using (var one = await LoginAsync(stage, "", stop))
            await one.AskAsync("select 1", stop);
        var empty = stage.CostOf(path)!.Value.ResidentMib;
        var crowd = await ComeAsync(stage, kinds: 1, stop);
        var came = stage.CostOf(path)!.Value.ResidentMib;
        await AskAllAsync(crowd, stop);
        var before = stage.CostOf(path)!.Value;
        await Task.Delay(s_rest, stop);
        var after = stage.CostOf(path)!.Value;
        // All of them are still there.
        await AskAllAsync(crowd, stop);
        End(crowd);
        if (results is not null)
        {
            ProxyFile.Append(results, new ProxyRecord(
                series, ProxyTable.IdleCase(clients), path.Name, Round: 1, DateTimeOffset.UtcNow,
                ResidentMib: after.ResidentMib));
        }
        var isEnough = after.ResidentMib <= ProxyTable.IdleMibAtMost;
        Say(string.Create(CultureInfo.InvariantCulture,
            $"{(isEnough ? "PASS" : "FAIL")} {path.Name}: {clients} idle clients in {after.ResidentMib:0} MiB "
            + $"(at most {ProxyTable.IdleMibAtMost:0}); {empty:0} MiB with one, {came:0} when all had come; "
            + $"{PerClient(empty, after):0.0} KiB a client; "
            + $"{(after.Cpu - before.Cpu).TotalSeconds / s_rest.TotalSeconds:P1} of a processor at rest"));
        return isEnough;
    }

    double PerClient(double empty, ProcessCost after) => (after.ResidentMib - empty) * 1024 / clients;

    /// <summary>The server is lost, all clients drop their connections and come back at once, and the server comes back
    /// a moment later.</summary>
    public async Task<bool> StormAsync(string programs, CancellationToken stop)
    {
        await using var stage = await Stage.SetAsync([path], programs, stop);
        var crowd = await ComeAsync(stage, Kinds, stop);
        await AskAllAsync(crowd, stop);
        var before = stage.CostOf(path)!.Value;
        await stage.LosePostgresAsync(stop);
        End(crowd);
        var began = Stopwatch.GetTimestamp();
        var refused = 0;
        var latest = new LatestAnswers();
        var coming = Enumerable.Range(0, clients).Select(async number =>
        {
            try
            {
                using var client = await LoginAsync(stage, OptionsOf(number, Kinds), stop);
                await client.AskAsync("select 1", stop);
                latest.Add(Stopwatch.GetElapsedTime(began));
            }
            catch (Exception failed) when (failed is RefusedException or System.Net.Sockets.SocketException)
            {
                if (Interlocked.Increment(ref refused) == 1)
                    Say($"refused: {failed.Message}");
            }
        }).ToList();
        var logins = stage.WatchLoginsAsync(Task.WhenAll(coming), stop);
        await stage.RegainPostgresAsync(stop);
        var back = Stopwatch.GetElapsedTime(began);
        await Task.WhenAll(coming).WaitAsync(s_storm, stop);
        var (atOnce, cost) = (await logins, stage.CostOf(path)!.Value);
        var isGood = refused == 0 && latest.Count == clients;
        Say(string.Create(CultureInfo.InvariantCulture,
            $"{(isGood ? "PASS" : "FAIL")} {path.Name}: {latest.Count} of {clients} clients in {Kinds} pools served, "
            + $"{refused} refused; server back after {back.TotalSeconds:0.00} s, half of them served after "
            + $"{latest.Share(0.5):0.00} s, all after {latest.Share(1):0.00} s; {atOnce} server logins at once seen; "
            + $"{(cost.Cpu - before.Cpu).TotalMicroseconds / clients:0} us of the proxy each, "
            + $"{cost.ResidentMib:0} MiB"));
        return isGood;
    }

    sealed class LatestAnswers
    {
        readonly List<double> _seconds = [];

        public int Count => _seconds.Count;

        public void Add(TimeSpan after)
        {
            lock (_seconds)
                _seconds.Add(after.TotalSeconds);
        }

        public double Share(double part)
        {
            _seconds.Sort();
            return _seconds.Count == 0 ? 0 : _seconds[(int)Math.Ceiling(part * _seconds.Count) - 1];
        }
    }

    Task<BareClient> LoginAsync(Stage stage, string options, CancellationToken stop) =>
        BareClient.LoginAsync(stage.PortOf(path), path.User, options, stop);

    static string OptionsOf(int client, int kinds) =>
        kinds == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-c work_mem={1 + (client % kinds)}MB");

    async Task<BareClient[]> ComeAsync(Stage stage, int kinds, CancellationToken stop)
    {
        var crowd = new BareClient[clients];
        await Parallel.ForAsync(0, clients, Bound(ComingAtOnce, stop), async (number, stop) =>
            crowd[number] = await LoginAsync(stage, OptionsOf(number, kinds), stop));
        return crowd;
    }

    static Task AskAllAsync(BareClient[] crowd, CancellationToken stop) => Parallel.ForEachAsync(
        crowd, Bound(AskingAtOnce, stop), async (client, stop) => await client.AskAsync("select 1", stop));

    static ParallelOptions Bound(int atOnce, CancellationToken stop) =>
        new() { MaxDegreeOfParallelism = atOnce, CancellationToken = stop };

    static void End(BareClient[] crowd)
    {
        foreach (var client in crowd)
            client.Dispose();
    }

    static void Say(string line) => Console.WriteLine(line);
}
