using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Lab.Proxies;

/// <summary>What one run of pgbench told.</summary>
/// <param name="PerSecond">Transactions; connecting at the beginning left out.</param>
/// <param name="Transactions">All of them.</param>
/// <param name="SortedMs">From begin to end of those that were written down; with a connection for each, without
/// connecting.</param>
sealed record PgbenchResult(double PerSecond, long Transactions, IReadOnlyList<double> SortedMs)
{
    /// <summary>Of runs that took equally long.</summary>
    public static PgbenchResult Together(IReadOnlyList<PgbenchResult> runs) => new(
        runs.Average(run => run.PerSecond), runs.Sum(run => run.Transactions),
        [.. runs.SelectMany(run => run.SortedMs).Order()]);

    /// <param name="part">0 to 1.</param>
    public double PercentileMs(double part) =>
        SortedMs.Count == 0 ? 0 : SortedMs[(int)Math.Ceiling(part * SortedMs.Count) - 1];
}

/// <summary>The distribution's load generator.</summary>
sealed partial class Pgbench(string program, string folder, string database)
{
    static readonly TimeSpan Spare = TimeSpan.FromSeconds(60);

    [GeneratedRegex(@"^tps = (?<tps>[0-9.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rate();

    [GeneratedRegex(
        "actually processed: (?<count>[0-9]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Processed();

    [GeneratedRegex(
        "number of failed transactions: (?<count>[0-9]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Failed();

    /// <exception cref="LabException">A client failed.</exception>
    public async Task<PgbenchResult> RunAsync(
        ProxyCase load, int port, string user, TimeSpan time, CancellationToken stop)
    {
        var logs = Directory.CreateDirectory(Path.Combine(folder, "log")).FullName;
        var output = await PrintedAsync(
            [
                .. load.Arguments, "-n", "-c", Text(load.Clients), "-j", load.Clients == 1 ? "1" : "2",
                "-T", Text((int)time.TotalSeconds), "--log", $"--log-prefix={Path.Combine(logs, "t")}",
                .. load.Sampled < 1 ? [$"--sampling-rate={Text(load.Sampled)}"] : Array.Empty<string>(),
            ],
            port, user, time + Spare, stop);
        var times = TimesOf(logs);
        Directory.Delete(logs, recursive: true);
        return Parse(output, times);
    }

    /// <summary>The tables, by the user who may make them.</summary>
    public Task FillAsync(int scale, int port, string user, CancellationToken stop) =>
        PrintedAsync(["-i", "-q", "-s", Text(scale)], port, user, Spare, stop);

    /// <summary>All clients at once have a statement that takes time: each needs a server of its own.</summary>
    /// <param name="clients">How many.</param>
    /// <param name="seconds">How long the statement takes.</param>
    public async Task TouchAsync(int clients, int seconds, int port, string user, CancellationToken stop)
    {
        var script = Path.Combine(folder, "touch.sql");
        await File.WriteAllTextAsync(script, $"select pg_sleep({Text(seconds)})\n", stop);
        await PrintedAsync(
            ["-f", script, "-n", "-c", Text(clients), "-j", "2", "-t", "1"], port, user, Spare, stop);
    }

    /// <exception cref="LabException">It does not say what pgbench says, or says that something failed.</exception>
    internal static PgbenchResult Parse(string output, IReadOnlyList<double> sortedMs)
    {
        if (!Rate().IsMatch(output) || !Processed().IsMatch(output)
            || Failed().Match(output) is { Success: true } failed && failed.Groups["count"].Value != "0")
            throw new LabException($"pgbench did not succeed: {output}");
        return new PgbenchResult(
            double.Parse(Rate().Match(output).Groups["tps"].Value, CultureInfo.InvariantCulture),
            long.Parse(Processed().Match(output).Groups["count"].Value, CultureInfo.InvariantCulture), sortedMs);
    }

    // client_id transaction_no time script_no time_epoch time_us (pgbench, Per-Transaction Logging).
    static List<double> TimesOf(string logs)
    {
        var times = new List<double>();
        foreach (var file in Directory.EnumerateFiles(logs))
        {
            foreach (var line in File.ReadLines(file))
            {
                if (line.Split(' ') is [_, _, var us, ..]
                    && double.TryParse(us, NumberStyles.Float, CultureInfo.InvariantCulture, out var time))
                    times.Add(time / 1_000);
            }
        }
        times.Sort();
        return times;
    }

    async Task<string> PrintedAsync(
        IEnumerable<string> arguments, int port, string user, TimeSpan time, CancellationToken stop)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, ["-h", "127.0.0.1", "-p", Text(port), "-U", user, .. arguments,
                database])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.StartInfo.Environment["PGPASSWORD"] = Stage.Password;
        process.Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(time);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? await output
                : throw new LabException($"pgbench failed ({process.ExitCode}): {LastOf(await error)}");
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            if (stop.IsCancellationRequested)
                throw;
            throw new LabException($"pgbench took longer than {time.TotalSeconds:0} s", late);
        }
    }

    static string LastOf(string error) => string.Join("; ", error.Trim().Split('\n').TakeLast(3));

    static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
