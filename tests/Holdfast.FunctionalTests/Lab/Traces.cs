using Holdfast.Foundation.Processes;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.FunctionalTests.Lab;

/// <summary>Whatever of a lab is on the machine: empty after it was taken down.</summary>
static class Traces
{
    public static IReadOnlyList<string> Of(string lab) =>
    [
        .. Directory.Exists("/run/netns") ? Directory.EnumerateFiles("/run/netns", $"hf-{lab}-*") : [],
        .. File.ReadLines("/proc/self/mounts").Where(line => line.Contains(lab, StringComparison.Ordinal)),
        // A zombie is no process of the lab any more: whoever inherited it reaps it in its own time.
        .. ProcessStat.All().Where(stat => stat.State is not ('Z' or 'X')).Select(stat => CommandOf(stat.Pid))
            .Where(line => line.Contains(lab, StringComparison.Ordinal)),
        .. new[]
        {
            new LabFolders(lab).State,
            new LabFolders(lab).Data,
            CgroupFolder.Root().Child("holdfast-lab").Child(lab).Path
        }
            .Where(Directory.Exists),
    ];

    static string CommandOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ') +
                File.ReadAllText($"/proc/{pid}/cgroup");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
