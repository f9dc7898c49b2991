using System.Diagnostics;
using System.Globalization;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Postgres.Instance;

/// <summary>
/// The postmaster of one data directory: started, adopted, watched and ended. It outlives us, and its end is noticed at
/// once, whoever started it. <see cref="Kill"/> may come from any thread, at any moment, also in the middle of a start.
/// </summary>
sealed class PostmasterProcess
{
    // Joins the cgroup (where that is permitted), then becomes the postmaster, with the log instead of a pipe to us.
    const string Script = """{ echo $$ >"$0"; } 2>/dev/null; log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1""";

    readonly InstanceSettings _settings;
    readonly DataDirectory _data;
    readonly DurableFiles _files;
    readonly OsUser? _user;
    readonly ILogger _log;
    readonly Lock _gate = new();
    Watched? _watched;
    Thread? _signalling;
    int _kills;

    sealed record Watched(ProcessIdentity Identity, TaskCompletionSource Gone);

    public PostmasterProcess(
        InstanceSettings settings, DataDirectory data, DurableFiles files, OsUser? user, ILogger log)
    {
        (_settings, _data, _files, _user, _log) = (settings, data, files, user, log);
        Cgroup = settings.CgroupParent is { } parent ? new Cgroup(parent).TryCreate("postgres") : null;
    }

    public Cgroup? Cgroup { get; }

    /// <summary>Raised on a thread of its own, after what was left of the server has been ended too.</summary>
    public event Action? Ended;

    public ProcessIdentity? Current
    {
        get
        {
            if (Volatile.Read(ref _watched) is null && FindRunning() is { } found)
                Watch(found);
            return Volatile.Read(ref _watched) is { Identity: { IsAlive: true } identity } ? identity : null;
        }
    }

    /// <summary>Starts it; answers once it holds postmaster.pid.</summary>
    /// <param name="prepare">Runs when nothing of a former server lives any more, just before the start; answers with
    /// the command line's further arguments.</param>
    public async ValueTask<StepResult> StartAsync(Func<IReadOnlyList<string>> prepare, CancellationToken stop)
    {
        var kills = Volatile.Read(ref _kills);
        if (Current is { } running)
            return StepResult.Failed($"a postmaster runs already: {running}");
        if (Volatile.Read(ref _watched) is { } ending)
            await ending.Gone.Task.WaitAsync(InstanceLimits.Killed, stop);
        ProcessSweep.KillAll(Cgroup, null, _data.Path);
        if (_signalling is { IsAlive: true })
            return StepResult.Failed("the disk has not taken standby.signal yet");
        var former = PostmasterPidFile.Read(_data.Path);
        if (!await IsReleasedAsync(former, stop))
            return StepResult.Failed($"the former server still holds shared memory {former?.SharedMemoryId}");
        var extra = prepare();
        var logStart = OpenLog();
        if (Launch(extra, former) is not { } identity)
            return StepResult.Failed($"the postmaster ended at once: {LogTail.Why(_settings.LogFile, logStart)}");
        var watched = Watch(identity);
        if (Volatile.Read(ref _kills) != kills)
        {
            Kill();
            return StepResult.Failed("was killed while it started");
        }
        return await RunsAsync(watched, stop)
            ? StepResult.Done
            : StepResult.Failed($"the postmaster ended at once: {LogTail.Why(_settings.LogFile, logStart)}");
    }

    /// <summary>Fast stop; when that takes longer than <paramref name="limit"/>, the kill.</summary>
    public async ValueTask<StepResult> StopAsync(TimeSpan limit, CancellationToken stop)
    {
        if (Current is null || Volatile.Read(ref _watched) is not { } watched)
            return StepResult.Done;
        watched.Identity.TrySignal(Signal.Interrupt);
        try
        {
            await watched.Gone.Task.WaitAsync(limit, stop);
            return StepResult.Done;
        }
        catch (TimeoutException)
        {
            Kill();
        }
        try
        {
            await watched.Gone.Task.WaitAsync(InstanceLimits.Killed, stop);
            return new StepResult(true, $"fast stop took longer than {limit.TotalSeconds} s: killed");
        }
        catch (TimeoutException)
        {
            return StepResult.Failed($"{watched.Identity} was killed and has not ended within {InstanceLimits.Killed}");
        }
    }

    /// <summary>SIGKILL to the postmaster and everything that works in its directory; then standby.signal.</summary>
    public void Kill()
    {
        Interlocked.Increment(ref _kills);
        var root = Volatile.Read(ref _watched)?.Identity ?? FindRunning();
        ProcessSweep.KillAll(Cgroup, root, _data.Path);
        TrySignalInTime();
    }

    public void Reload() => Current?.TrySignal(Signal.Hangup);

    /// <summary>The process named in postmaster.pid, if it lives and works in our directory: the pid alone proves
    /// nothing.</summary>
    ProcessIdentity? FindRunning() =>
        PostmasterPidFile.Read(_data.Path) is { Pid: > 0 } file
        && ProcessIdentity.Of(file.Pid) is { IsAlive: true } identity
        && FileIdentity.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{file.Pid}/cwd")) is { } folder
        && folder == FileIdentity.Of(_data.Path)
            ? identity
            : null;

    Watched Watch(ProcessIdentity identity)
    {
        Watched watched;
        lock (_gate)
        {
            if (_watched is { } known)
                return known;
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            watched = new Watched(identity, gone);
            Volatile.Write(ref _watched, watched);
        }
        Pidfd.WhenEnded(identity, () => OnEnded(watched));
        return watched;
    }

    void OnEnded(Watched watched)
    {
        // A backend in a long call outlives its postmaster and goes on writing.
        ProcessSweep.KillAll(Cgroup, null, _data.Path);
        TrySignal();
        Volatile.Write(ref _watched, null);
        watched.Gone.TrySetResult();
        _log.PostmasterEnded(watched.Identity.Pid);
        Ended?.Invoke();
    }

    /// <summary>standby.signal tells others that this directory's server may not write: so it comes only after the
    /// end.</summary>
    void TrySignal()
    {
        try
        {
            _data.EnsureStandbySignal();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.NoStandbySignal(failure.Message); // Every start writes it again, or fails.
        }
    }

    // On a hung disk the file comes when the disk does: who fences has more to do than to wait for that. On a thread,
    // since a system call can't be given up.
    void TrySignalInTime()
    {
        if (_signalling is { IsAlive: true })
            return;
        _signalling = new Thread(TrySignal) { IsBackground = true, Name = "standby.signal" };
        _signalling.Start();
        _signalling.Join(InstanceLimits.Signal);
    }

    /// <summary>Waits until the former server's process is reaped and nobody is attached to its segment.</summary>
    static async ValueTask<bool> IsReleasedAsync(PostmasterPidFile? former, CancellationToken stop)
    {
        if (former is null)
            return true;
        if (ProcessIdentity.Of(former.Pid) is { IsAlive: false } zombie)
            await WaitAsync(() => !zombie.Exists, InstanceLimits.Reaped, stop);
        return former.SharedMemoryId is not { } memory
            || await WaitAsync(() => SharedMemory.Attached(memory) == 0, InstanceLimits.SharedMemory, stop);
    }

    ProcessIdentity? Launch(IReadOnlyList<string> extra, PostmasterPidFile? former)
    {
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = _data.Path };
        var procs = Cgroup?.ProcsFile ?? "/dev/null";
        string[] command =
        [
            .. UrgentThread.OrdinaryChild, "env", "--default-signal=PIPE", "sh", "-c", Script, procs,
            _settings.LogFile,
        ];
        // Only root can move a process into the leaf and then become somebody else.
        string[] become = _user is null
            ? []
            : ["setpriv", $"--reuid={_user.Name}", $"--regid={_user.GroupId}", "--init-groups"];
        string[] server = [Path.Combine(_settings.BinDirectory, "postgres"), "-D", _data.Path];
        foreach (var argument in (string[])[.. command, .. become, .. server, .. extra])
            start.ArgumentList.Add(argument);
        Programs.PrepareEnvironment(start, _user, passFile: null);
        // The pid in a stale postmaster.pid may be a zombie, or somebody else's by now. PostgreSQL takes the pid in
        // this variable for its own ancestor and passes over it (source: miscinit.c, CreateLockFile); shared memory
        // still guards.
        if (former is { Pid: > 0 })
            start.Environment["PG_GRANDPARENT_PID"] = former.Pid.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        _log.PostmasterStarted(process.Id);
        return ProcessIdentity.Of(process.Id);
    }

    /// <summary>It took postmaster.pid (it has read its configuration then), or is at least alive after the
    /// limit.</summary>
    async ValueTask<bool> RunsAsync(Watched watched, CancellationToken stop)
    {
        await WaitAsync(
            () => PostmasterPidFile.Read(_data.Path)?.Pid == watched.Identity.Pid || watched.Gone.Task.IsCompleted,
            InstanceLimits.Start,
            stop);
        return watched.Identity.IsAlive;
    }

    /// <summary>Creates the log for PostgreSQL's user.</summary>
    /// <returns>Where this start's output begins.</returns>
    long OpenLog()
    {
        if (!File.Exists(_settings.LogFile))
            File.WriteAllText(_settings.LogFile, "");
        File.SetUnixFileMode(_settings.LogFile, DurableFiles.OwnerOnly);
        _files.GiveToOwner(_settings.LogFile);
        return new FileInfo(_settings.LogFile).Length;
    }

    static async ValueTask<bool> WaitAsync(Func<bool> condition, TimeSpan limit, CancellationToken stop)
    {
        var deadline = BootClock.Now + limit;
        while (!condition())
        {
            if (BootClock.Now > deadline)
                return false;
            await Task.Delay(InstanceLimits.Poll, stop);
        }
        return true;
    }
}
