using System.Diagnostics;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Observe;

/// <summary>
/// Writes and syncs a small file on the volumes of PostgreSQL, once a second, in a process of its own: what a dead disk
/// holds up is that process, and never the loop or the heartbeat. <see cref="Current"/> may be read from any thread.
/// </summary>
/// <remarks>A shell and dd: 1.3 ms of processor time for each write (0.13 % of a core), 0.1 MiB of memory of its own,
/// and the system's own words for what went wrong. It ends with the pipe to its agent.</remarks>
internal sealed class DiskProbe(
    string dataDirectory, string? user, DiskLimits limits, Action<string> nudge, ILogger log)
{
    const string EndOfAnswer = ".";

    // One line is a file to write, one answer the complaints about it and the end. The file is truncated first, so that
    // its blocks must be found anew.
    const string Script = """
        while IFS= read -r f; do
        dd if=/dev/zero of="$f" bs=8192 count=1 conv=fsync status=none 2>&1
        echo .
        done
        """;

    readonly Lock _lock = new();
    readonly DiskJudge _judge = new();
    string _complaint = "";

    public DiskView Current
    {
        get
        {
            lock (_lock)
                return _judge.View(BootClock.Now);
        }
    }

    /// <summary>The process that writes; null while there is none.</summary>
    public int? Pid { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var child = Start();
                Pid = child.Id;
                try
                {
                    await ProbeAsync(child, stop);
                }
                finally
                {
                    Pid = null;
                    child.StandardInput.Close();
                    if (!child.HasExited)
                        child.Kill(entireProcessTree: true); // Nobody waits for one that hangs.
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.ProbeEnded(failure.Message);
                await Task.Delay(limits.Every, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    Process Start()
    {
        var start = new ProcessStartInfo("setsid", ["env", "--default-signal=PIPE", "sh", "-c", Script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/", // Whoever works in the data directory is killed with PostgreSQL.
            UserName = Environment.IsPrivilegedProcess ? user ?? "" : "",
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("LANGUAGE");
        return Process.Start(start)!;
    }

    async Task ProbeAsync(Process child, CancellationToken stop)
    {
        while (true)
        {
            var (trouble, why) = (DiskTrouble.None, "");
            foreach (var volume in Volume.Of(dataDirectory))
            {
                if (await WriteAsync(child, volume, stop) is { Trouble: not DiskTrouble.None } found)
                    (trouble, why) = found;
            }
            Take(trouble, why);
            await Task.Delay(limits.Every, stop);
        }
    }

    async Task<(DiskTrouble Trouble, string Why)> WriteAsync(Process child, Volume volume, CancellationToken stop)
    {
        await child.StandardInput.WriteAsync($"{volume.File}\n".AsMemory(), stop);
        await child.StandardInput.FlushAsync(stop);
        var answer = AnswerAsync(child.StandardOutput, stop);
        await WaitAsync(answer, volume, stop);
        var complaints = await answer;
        var complaint = string.Join("; ", complaints);
        if (complaint.Length > 0 && complaint != _complaint)
            log.ProbeComplained(complaint);
        _complaint = complaint;
        return DiskJudge.Read(complaints) switch
        {
            { Trouble: DiskTrouble.None } => Room(volume),
            { } trouble => trouble,
            null => (DiskTrouble.None, ""),
        };
    }

    async Task WaitAsync(Task answer, Volume volume, CancellationToken stop)
    {
        var (written, quiet) = (volume.WritesCompleted(), 0);
        for (var looks = 1; await Task.WhenAny(answer, Task.Delay(limits.Every, stop)) != answer; looks++)
        {
            stop.ThrowIfCancellationRequested();
            var now = volume.WritesCompleted();
            quiet = now == written ? quiet + 1 : 0;
            written = now;
            if (quiet >= limits.QuietLooks || looks >= limits.Looks)
                Take(DiskTrouble.Hung, $"a write to {volume.Folder} has not come back for {looks} s");
        }
    }

    // Right after a write that came back: asking for the room does not wait for the disk then.
    (DiskTrouble Trouble, string Why) Room(Volume volume)
    {
        var free = new DriveInfo(volume.Folder).AvailableFreeSpace;
        return free >= limits.RoomMin
            ? (DiskTrouble.None, "")
            : (DiskTrouble.Full, $"{free / 1024} kB are left in {volume.Folder}, and a segment of write-ahead log"
                + $" needs {limits.RoomMin / 1024}");
    }

    static async Task<List<string>> AnswerAsync(StreamReader output, CancellationToken stop)
    {
        var complaints = new List<string>();
        while (await output.ReadLineAsync(stop) is { } line)
        {
            if (line == EndOfAnswer)
                return complaints;
            complaints.Add(line);
        }
        throw new IOException("the write probe ended");
    }

    void Take(DiskTrouble trouble, string why)
    {
        bool changed;
        lock (_lock)
            changed = _judge.Take(trouble, why, BootClock.Now);
        if (!changed)
            return;
        log.DiskIs(new DiskView(trouble, why, TimeSpan.Zero).Word, why);
        nudge("the disk changed");
    }
}
