using System.Globalization;

namespace Holdfast.Lab.Proxies;

/// <summary>What a process has used so far (proc(5)).</summary>
/// <param name="Cpu">User and system time of all its threads, those that ended too; to 10 ms.</param>
/// <param name="ResidentMib">VmRSS.</param>
readonly record struct ProcessCost(TimeSpan Cpu, double ResidentMib)
{
    const int UserTime = 11, SystemTime = 12;
    const double TicksPerSecond = 100;

    /// <exception cref="IOException">There is no such process.</exception>
    public static ProcessCost Of(int pid)
    {
        var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = Number(fields[UserTime]) + Number(fields[SystemTime]);
        var resident = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"))
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return new ProcessCost(
            TimeSpan.FromSeconds(ticks / TicksPerSecond),
            Number(resident["VmRSS:".Length..^"kB".Length].Trim()) / 1024);
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
