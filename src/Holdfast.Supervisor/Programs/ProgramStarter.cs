using System.Diagnostics;
using System.Globalization;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

/// <summary>Starts programs so that they outlive the supervisor, and finds those that did.</summary>
internal sealed class ProgramStarter(Children children, NodePaths paths)
{
    /// <summary>
    /// Runs as the supervisor's user and becomes the program, same pid: joins the cgroup, leaves the record by which a
    /// later supervisor knows the process (so no moment exists in which it runs unrecorded), and appends to the raw
    /// file.
    /// </summary>
    const string Prologue = """
        [ -z "$1" ] || echo $$ 2>/dev/null >"$1"
        read -r line </proc/$$/stat && echo "$line" >"$2"
        raw=$3; shift 3
        exec "$@" </dev/null >>"$raw" 2>&1
        """;

    /// <exception cref="InvalidOperationException">The user is unknown.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The operating system refused.</exception>
    public RunningProgram Start(ProgramSpec spec)
    {
        var group = GroupOf(spec);
        var process = children.Start(Describe(spec, group));
        // Null when it has ended already: then nobody has this identity, and what follows sees it dead.
        var identity = ProcessIdentity.Of(process.Id) ?? new ProcessIdentity(process.Id, 0);
        return new RunningProgram(identity, EndOfChildAsync(process), group);
    }

    /// <summary>The process that an earlier supervisor of this boot started; null when it does not run any
    /// more.</summary>
    public RunningProgram? TryAdopt(ProgramSpec spec)
    {
        if (Recorded(spec) is not { IsAlive: true } identity)
            return null;
        var ended = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Pidfd.WhenEnded(identity, () => ended.TrySetResult("ended"));
        return new RunningProgram(identity, ended.Task, CgroupOf(identity));
    }

    ProcessIdentity? Recorded(ProgramSpec spec)
    {
        try
        {
            return ProcessStat.Parse(File.ReadAllText(paths.RecordOf(spec.Name))) is { } stat
                ? new ProcessIdentity(stat.Pid, stat.StartTicks)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    async Task<string> EndOfChildAsync(Process process)
    {
        using (process)
        {
            var pid = process.Id;
            await process.WaitForExitAsync(CancellationToken.None);
            children.Forget(pid);
            // The runtime adds 128 to the number of a signal, as shells do.
            return process.ExitCode > 128
                ? $"was killed by signal {process.ExitCode - 128}"
                : $"ended with code {process.ExitCode}";
        }
    }

    ProcessStartInfo Describe(ProgramSpec spec, Cgroup? group)
    {
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = "/", UseShellExecute = false };
        string[] prologue =
        [
            // The runtime has its children ignore SIGPIPE.
            "env", "--default-signal=PIPE", "sh", "-c", Prologue, "sh",
            group?.ProcsFile ?? "", paths.RecordOf(spec.Name), paths.RawOf(spec.Name),
            .. BecomeUser(spec.User), .. spec.Command,
        ];
        foreach (var word in prologue)
            start.ArgumentList.Add(word);
        foreach (var (name, value) in spec.Environment)
            start.Environment[name] = value;
        // etcd would tell systemd that the supervisor is ready.
        start.Environment.Remove("NOTIFY_SOCKET");
        return start;
    }

    static string[] BecomeUser(string? user)
    {
        if (user is null || user == Environment.UserName || !Environment.IsPrivilegedProcess)
            return [];
        var account = UserAccount.Find(user)
            ?? throw new InvalidOperationException($"there is no user {user} on this host");
        var (id, group) = (Text(account.User), Text(account.Group));
        return ["setpriv", $"--reuid={id}", $"--regid={group}", "--init-groups", "--"];
    }

    static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    Cgroup? GroupOf(ProgramSpec spec) =>
        paths.CgroupBase is { } top ? CgroupTree.TryMake(top, spec.CgroupLeaf) : null;

    /// <summary>Where an adopted process really is; an earlier supervisor may have been in another cgroup.</summary>
    Cgroup? CgroupOf(ProcessIdentity process)
    {
        var group = Cgroup.Of(process.Pid);
        return group is not null && paths.CgroupBase is { } top
            && group.Path.StartsWith(top + "/", StringComparison.Ordinal) ? group : null;
    }
}
