using System.Diagnostics;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Machine;

/// <summary>Starts a process that outlives this one: in a cgroup and a network namespace, in a session of its
/// own.</summary>
static class Launcher
{
    // The shell joins the cgroup before anything else runs, and becomes the command: the pid stays the same.
    const string Join = """echo $$ >"$1" && out=$2 && shift 2 && exec "$@" >>"$out" 2>&1 </dev/null""";

    /// <param name="cgroup">Created when missing.</param>
    /// <param name="network">Name of the network namespace.</param>
    /// <param name="isolated">With mount, IPC and host name spaces of its own as well.</param>
    /// <param name="output">Appended to.</param>
    /// <param name="environment">All that it gets.</param>
    /// <param name="command">Program and arguments.</param>
    public static LabProcess Start(
        CgroupFolder cgroup,
        string network,
        bool isolated,
        string output,
        IReadOnlyDictionary<string, string> environment,
        IEnumerable<string> command)
    {
        cgroup.Create();
        string[] spaces = isolated ? ["unshare", "--mount", "--ipc", "--uts", "--propagation", "private"] : [];
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("sh",
            [
                "-c", Join, "sh", Path.Combine(cgroup.Path, "cgroup.procs"), output,
                "setsid", "env", "--default-signal=PIPE", "nsenter", $"--net={Cabling.PathOf(network)}",
                .. spaces, .. command,
            ]),
        };
        process.StartInfo.WorkingDirectory = "/";
        process.StartInfo.Environment.Clear();
        foreach (var (name, value) in environment)
            process.StartInfo.Environment[name] = value;
        process.Start();
        return LabProcess.Of(process.Id);
    }

    /// <summary>What a host of its own would have, and nothing of the caller's.</summary>
    public static Dictionary<string, string> CleanEnvironment()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/root",
            ["LANG"] = "C.UTF-8",
            ["DOTNET_gcServer"] = "0",
            // A killed runtime would leave its diagnostics sockets in the machine's /tmp.
            ["DOTNET_EnableDiagnostics"] = "0",
            ["DOTNET_NOLOGO"] = "1",
        };
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root)
            environment["DOTNET_ROOT"] = root;
        return environment;
    }
}
