using System.Globalization;

namespace Holdfast.Lab.Proxies;

/// <summary>What the machine's processors did since boot (proc_stat(5), first line), in ticks.</summary>
/// <param name="Stolen">Given to other machines by the hypervisor, while a process here wanted to run.</param>
/// <param name="All">That, and everything else.</param>
readonly record struct MachineTime(long Stolen, long All)
{
    /// <summary>The line: <c>cpu user nice system idle iowait irq softirq steal guest guest_nice</c>, where a guest's
    /// time is its user's, too.</summary>
    const int Steal = 7;

    public static MachineTime Now => Parse(File.ReadLines("/proc/stat").First());

    /// <summary>The part of all time since then, 0 to 1.</summary>
    public double StolenSince(MachineTime before) =>
        All > before.All ? (double)(Stolen - before.Stolen) / (All - before.All) : 0;

    internal static MachineTime Parse(string line)
    {
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Steal + 1)
            .Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToList();
        return new MachineTime(ticks[Steal], ticks.Sum());
    }
}
