using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>
/// The first process of a lab host, in the part that systemd plays on a real one: mounts what the host sees, starts the
/// supervisor, starts it again when it dies (Restart=always, KillMode=process), and reaps whoever lost its parent. The
/// host's mount namespace lives as long as this process.
/// </summary>
sealed class HostInit(string lab, string host)
{
    public const string Verb = "host-init";

    /// <summary>systemd's RestartSec.</summary>
    static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(100);

    /// <summary>For what runs after the supervisor.</summary>
    static readonly TimeSpan AfterLimit = TimeSpan.FromSeconds(10);

    readonly LabFolders _folders = new(lab);
    readonly CancellationTokenSource _stopping = new();
    readonly Lock _gate = new();
    volatile bool _supervising;

    /// <summary>The supervisor, or what runs after it; 0: neither.</summary>
    int _childPid;

    /// <param name="arguments">The verb, the lab, the host.</param>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments) => arguments is [_, var lab, var host]
        ? new HostInit(lab, host).RunAsync()
        : Task.FromResult(1);

    async Task<int> RunAsync()
    {
        Furnish();
        _ = Subreaper.TryBecome();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var child = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());
        await File.WriteAllTextAsync(_folders.ReadyOf(host), "", CancellationToken.None);
        for (var restarts = 0; !_stopping.IsCancellationRequested; restarts++)
        {
            await SuperviseAsync(restarts);
            await AfterAsync();
            await Pause();
        }
        return 0;
    }

    async Task SuperviseAsync(int restarts)
    {
        using var supervisor = Start([.. HostStart.ReadWords(_folders.NodeCommand), host]);
        _supervising = true;
        File.WriteAllText(
            _folders.SupervisorOf(host), string.Create(CultureInfo.InvariantCulture, $"{supervisor.Id} {restarts}"));
        if (_stopping.IsCancellationRequested)
            Forward();
        await supervisor.WaitForExitAsync(CancellationToken.None);
        Console.Error.WriteLine($"supervisor of {host} ended with {supervisor.ExitCode}");
        _supervising = false;
        Forget();
    }

    async Task AfterAsync()
    {
        using var after = Start(HostStart.ReadWords(_folders.AfterNodeCommand));
        using var late = new CancellationTokenSource(AfterLimit);
        try
        {
            await after.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            after.Kill();
        }
        Forget();
    }

    async Task Pause()
    {
        try
        {
            await Task.Delay(RestartPause, TimeProvider.System, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the loop sees it.
        }
    }

    Process Start(IEnumerable<string> command)
    {
        var process =
            new Process { StartInfo = new ProcessStartInfo("setsid", ["env", "--default-signal=PIPE", .. command]) };
        process.StartInfo.WorkingDirectory = "/";
        lock (_gate)
        {
            process.Start();
            _childPid = process.Id;
        }
        return process;
    }

    void Forget()
    {
        lock (_gate)
            _childPid = 0;
    }

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stopping.Cancel();
        Forward();
    }

    /// <summary>To the supervisor only: what runs after it shall finish.</summary>
    void Forward()
    {
        lock (_gate)
        {
            if (_supervising && _childPid != 0)
                ProcessIdentity.Of(_childPid)?.TrySignal(Signal.Terminate);
        }
    }

    /// <summary>.NET waits for its own children only; an orphan that nobody reaps keeps its pid and its shared
    /// memory.</summary>
    void Reap()
    {
        lock (_gate)
            _ = Subreaper.Reap(pid => pid != _childPid);
    }

    void Furnish()
    {
        Mount(_folders.DataOf(host), "/var/lib/holdfast", null, Native.MountBind | Native.MountRecursive, null);
        // The namespace began as a copy of the machine's: it must not hold on to disks, this host's or others'.
        foreach (var copy in Disks.MountsBelow(LabFolders.DataRoot))
            _ = Native.Unmount(copy, Native.UnmountDetach);
        Mount("tmpfs", "/run/holdfast", "tmpfs", Native.MountNoSuid | Native.MountNoDev, "mode=755");
        // Segments of a killed PostgreSQL vanish with the host, as they would with its power.
        Mount("tmpfs", "/dev/shm", "tmpfs", Native.MountNoSuid | Native.MountNoDev, "mode=1777");
        Bind(_folders.HostsFile, "/etc/hosts");
        Bind(_folders.Settings, "/etc/holdfast");
        foreach (var programs in _folders.HostPrograms)
        {
            var place = HostStart.PlaceOf(programs);
            Bind(programs, place);
            Mount("", place, null, Native.MountRemount | Native.MountBind | Native.MountReadOnly, null);
        }
        _ = Native.SetHostName(host, (nuint)host.Length);
    }

    static void Bind(string source, string target) => Mount(source, target, null, Native.MountBind, null);

    static void Mount(string source, string target, string? type, ulong flags, string? data)
    {
        if (Native.Mount(source, target, type, flags, data) != 0)
            throw new LabException($"mount {target}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }
}
