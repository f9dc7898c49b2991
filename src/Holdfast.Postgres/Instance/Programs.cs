using System.Diagnostics;
using System.Globalization;
using System.Text;
using Holdfast.Foundation.Processes;

namespace Holdfast.Postgres.Instance;

/// <summary>How long a program may take, and how long it may move no byte.</summary>
readonly record struct RunLimits(
    TimeSpan Total, TimeSpan? Stall = null, TimeSpan? StallBeforeFirstByte = null, CrawlLimit? Crawl = null);

/// <summary>How a program ended. <paramref name="Errors"/> is the end of what it wrote to stderr.</summary>
sealed record ProgramResult(bool Ok, string Output, string Errors)
{
    /// <summary>The program's last words on one line.</summary>
    public string Why => string.Join("; ", Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(3));
}

/// <summary>Runs PostgreSQL's programs as PostgreSQL's user, in a folder of their own; ends them, with what they
/// started, when a limit passes or the caller stops.</summary>
sealed class Programs(InstanceSettings settings, DataDirectory data, DurableFiles files, OsUser? user)
{
    static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    public ValueTask<ProgramResult> RunAsync(
        string program, IReadOnlyList<string> arguments, RunLimits limits, CancellationToken stop) =>
        RunPathAsync(Path.Combine(settings.BinDirectory, program), arguments, limits, stop);

    /// <summary>A program of the operating system, looked up in PATH.</summary>
    public async ValueTask<ProgramResult> RunPathAsync(
        string program, IReadOnlyList<string> arguments, RunLimits limits, CancellationToken stop)
    {
        // Only when it is missing: even a chmod waits on a hung disk, and each look at a stopped server comes by here.
        if (!Directory.Exists(data.WorkFolder))
            files.CreateFolder(data.WorkFolder);
        string[] command = [.. UrgentThread.OrdinaryChild, program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = data.WorkFolder,
            UserName = user?.Name ?? "",
        };
        PrepareEnvironment(start, user, data.PassFile);
        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(limits.Total);
        try
        {
            var output = ReadTailAsync(process.StandardOutput, limit.Token);
            var errors = ReadTailAsync(process.StandardError, limit.Token);
            var stalled = await WaitAsync(process, limits, limit.Token);
            if (stalled is not null)
                return new ProgramResult(false, "", stalled);
            return new ProgramResult(process.ExitCode == 0, await output, await errors);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new ProgramResult(false, "", $"{Path.GetFileName(program)} took longer than {limits.Total}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Ends programs that an agent before us started and left behind.</summary>
    public void EndLeftovers() => ProcessSweep.KillAll(null, null, data.WorkFolder);

    /// <summary>libpq's variables of our own surroundings must not lead a program elsewhere.</summary>
    public static void PrepareEnvironment(ProcessStartInfo start, OsUser? user, string? passFile)
    {
        var misleading = start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList();
        foreach (var name in misleading)
            start.Environment.Remove(name);
        start.Environment.Remove("LANGUAGE");
        start.Environment["LC_ALL"] = "C";
        if (user is not null)
            start.Environment["HOME"] = user.Home;
        if (passFile is not null)
            start.Environment["PGPASSFILE"] = passFile;
    }

    /// <summary>Null when it ended by itself, else in words why it was given up.</summary>
    static async Task<string?> WaitAsync(Process process, RunLimits limits, CancellationToken stop)
    {
        if (limits.Stall is null)
        {
            await process.WaitForExitAsync(stop);
            return null;
        }
        var ended = process.WaitForExitAsync(stop);
        var progress = new CopyProgress(limits, BootClock.Now);
        while (await Task.WhenAny(ended, Task.Delay(ProgressEvery, stop)) != ended)
        {
            stop.ThrowIfCancellationRequested();
            if (progress.Look(Moved(process.Id), BootClock.Now) is { } why)
                return $"{Path.GetFileName(process.StartInfo.FileName)} {why}";
        }
        await ended;
        return null;
    }

    /// <summary>Bytes read and written so far by the process and its children (proc(5), /proc/PID/io).</summary>
    static long Moved(int root)
    {
        var sum = 0L;
        foreach (var stat in ProcessStat.All().Where(stat => stat.Pid == root || stat.Parent == root))
        {
            try
            {
                var file = string.Create(CultureInfo.InvariantCulture, $"/proc/{stat.Pid}/io");
                foreach (var line in File.ReadLines(file).Take(2))
                    sum += long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It has just ended: its bytes drop out of the sum, which counts as movement.
            }
        }
        return sum;
    }

    static async Task<string> ReadTailAsync(StreamReader reader, CancellationToken stop)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer, stop)) > 0)
        {
            text.Append(buffer, 0, count);
            if (text.Length > InstanceLimits.OutputCharactersMax)
                text.Remove(0, text.Length - InstanceLimits.OutputCharactersMax);
        }
        return text.ToString();
    }
}
