using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Commands;

static class ExecCommand
{
    // Whoever runs on a host dies and freezes with it: the shell joins the host's cgroup before it becomes the command.
    const string Join = """mkdir -p "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@" """;

    public static Command Create()
    {
        var host = new Argument<string>("HOST")
        {
            Description = $"A host of the lab, or {LabPlan.BridgeName}: the bridge that they hang on"
        };
        var line = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.OneOrMore };
        var name = Options.Name();
        var command = new Command(
            "exec", "Runs a command on a host: lab exec n1 -- holdfast list") { host, line, name };
        command.SetAction((parsed, stop) =>
            RunAsync(Labs.Get(parsed.GetValue(name)), parsed.GetValue(host)!, parsed.GetValue(line)!, stop));
        return command;
    }

    /// <returns>The command's own exit code.</returns>
    public static async Task<int> RunAsync(
        LabState state, string name, IReadOnlyList<string> command, CancellationToken stop)
    {
        // The terminal sends Ctrl+C to the command as well, and that is who shall decide what comes of it.
        using var interrupts = new Interrupts();
        using var process = new Process
        {
            StartInfo = name is LabPlan.BridgeName ? OnBridge(state, command) : OnHost(state, state.Host(name), command)
        };
        process.Start();
        await process.WaitForExitAsync(stop);
        return process.ExitCode;
    }

    static ProcessStartInfo OnBridge(LabState state, IReadOnlyList<string> command) =>
        new(
            "nsenter",
            [$"--net={Cabling.PathOf(state.Network.Namespace)}", "env", "--default-signal=PIPE", .. command]);

    static ProcessStartInfo OnHost(LabState state, LabHost host, IReadOnlyList<string> command)
    {
        if (host is not { IsRunning: true, First: { } first })
            throw new LabException($"host {host.Name} is down: lab fault start-host {host.Name}");
        var start = new ProcessStartInfo("sh",
        [
            "-c", Join, "sh", new LabFolders(state.Lab).CgroupOf(host.Name).Child("_exec").Path,
            "nsenter", string.Create(CultureInfo.InvariantCulture, $"--target={first.Pid}"),
            "--mount", "--net", "--ipc", "--uts", $"--wdns={Environment.CurrentDirectory}",
            "env", "--default-signal=PIPE", .. command,
        ]);
        foreach (var (variable, value) in HostStart.EnvironmentOf(new LabFolders(state.Lab)))
            start.Environment[variable] = value;
        start.Environment["HOLDFAST_CONFIG"] = "/etc/holdfast/holdfast.yml";
        return start;
    }
}
