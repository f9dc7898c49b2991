using System.Globalization;

namespace Holdfast.Foundation.Processes;

/// <summary>
/// One process for ever: its pid, and when it started (clock ticks since boot, proc(5) /proc/PID/stat field 22). Pids
/// are reused; signals go only to a pid whose start time still matches.
/// </summary>
public readonly record struct ProcessIdentity(int Pid, ulong StartTicks)
{
    /// <summary>USER_HZ, the unit of times in /proc: 100 on every architecture of .NET.</summary>
    const double TicksPerSecond = 100;

    /// <summary>The process that has this pid now; null when there is none. A zombie counts as a process
    /// here.</summary>
    public static ProcessIdentity? Of(int pid) =>
        ProcessStat.Read(pid) is { } stat ? new ProcessIdentity(pid, stat.StartTicks) : null;

    /// <summary>True while this very process exists and is no zombie.</summary>
    public bool IsAlive =>
        ProcessStat.Read(Pid) is { } stat && stat.StartTicks == StartTicks && stat.State is not ('Z' or 'X');

    /// <summary>True while this very process exists, dead but unreaped included.</summary>
    public bool Exists => ProcessStat.Read(Pid) is { } stat && stat.StartTicks == StartTicks;

    /// <summary>Since boot, like <see cref="BootClock"/>; to 10 ms.</summary>
    public TimeSpan StartedAt => TimeSpan.FromSeconds(StartTicks / TicksPerSecond);

    /// <summary>Sends <paramref name="signal"/> if the pid still names this process.</summary>
    public bool TrySignal(Signal signal) => Exists && Native.Kill(Pid, (int)signal) == 0;

    /// <summary>Sends <paramref name="signal"/> to the process group that this process leads, if it still
    /// exists.</summary>
    public bool TrySignalGroup(Signal signal) => Exists && Native.Kill(-Pid, (int)signal) == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid}");
}

/// <summary>Signal numbers of Linux (signal(7)).</summary>
public enum Signal
{
    Hangup = 1,
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    User1 = 10,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>The parts of /proc/PID/stat that we read (proc(5)).</summary>
public readonly record struct ProcessStat(int Pid, char State, int Parent, ulong StartTicks)
{
    /// <summary>Null when there is no such process.</summary>
    public static ProcessStat? Read(int pid)
    {
        try
        {
            return Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")));
        }
        catch (IOException)
        {
            return null; // It ended, before or while we read.
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>One line as the kernel writes it; null when it is not one.</summary>
    public static ProcessStat? Parse(string line)
    {
        // The name in parentheses may hold anything; the fields begin after the last one. State is field 3.
        var name = line.LastIndexOf(')');
        var fields = name < 0 ? [] : line[(name + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19
            && int.TryParse(line.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var parent)
            && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ProcessStat(pid, fields[0][0], parent, start)
            : null;
    }

    /// <summary>Every process of this PID namespace.</summary>
    public static IEnumerable<ProcessStat> All()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Read(pid) is { } stat)
            {
                yield return stat;
            }
        }
    }
}
