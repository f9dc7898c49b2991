using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Holdfast.Foundation;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

/// <summary>Starts programs so that they outlive the supervisor, and finds those that did.</summary>
internal sealed class ProgramStarter(Children children, NodePaths paths)
{
    /// <summary>A lease of 3 s must not end for want of a core.</summary>
    const string UrgentNice = "-10";

    /// <summary>
    /// Runs as the supervisor's user and becomes the program, same pid: joins the cgroup, leaves the record by which a
    /// later supervisor knows the process (so no moment exists in which it runs unrecorded), may give up the
    /// supervisor's protection from the OOM killer, and appends to the raw file.
    /// </summary>
    const string Prologue = """
        [ -z "$1" ] || echo $$ 2>/dev/null >"$1"
        read -r line </proc/$$/stat && echo "$line" >"$2"
        [ -z "$4" ] || echo "$4" 2>/dev/null >/proc/$$/oom_score_adj
        raw=$3; shift 4
        exec "$@" </dev/null >>"$raw" 2>&1
        """;

    const string Nowhere = "/dev/null";

    static readonly TimeSpan RemainsLimit = TimeSpan.FromSeconds(5), RemainsEvery = TimeSpan.FromMilliseconds(5);

    /// <exception cref="InvalidOperationException">The user is unknown.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The operating system refused.</exception>
    public RunningProgram Start(ProgramSpec spec) =>
        Start(spec, spec.Command, paths.RecordOf(spec.Name), paths.RawOf(spec.Name));

    /// <summary>Starts another command as the program would be started: its user, environment, folder and cgroup. No
    /// later supervisor adopts it.</summary>
    /// <param name="spec">The program.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="isSilent">Its output goes nowhere, instead of into the program's log.</param>
    /// <exception cref="InvalidOperationException">The user is unknown.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The operating system refused.</exception>
    public RunningProgram StartBeside(ProgramSpec spec, ImmutableArray<string> command, bool isSilent) =>
        Start(spec, command, Nowhere, isSilent ? Nowhere : paths.RawOf(spec.Name));

    RunningProgram Start(ProgramSpec spec, ImmutableArray<string> command, string record, string raw)
    {
        var group = GroupOf(spec);
        ImmutableArray<string> words = [record, raw, Sacrifice(spec), .. BecomeUser(spec), .. command];
        var process = children.Start(Describe(spec, group, words));
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
        var ended = new TaskCompletionSource<ProgramEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        Pidfd.WhenEnded(identity, () => ended.TrySetResult(new ProgramEnd(Code: null)));
        return new RunningProgram(identity, ended.Task, CgroupOf(identity), IsAdopted: true);
    }

    /// <summary>
    /// SIGKILL to all that an app ever started: by its cgroup, or, where there is none, to whoever works in its folder.
    /// Returns when they are gone, since they may still hold its port, or after <see cref="RemainsLimit"/>: then they
    /// wait for a device. Safe to repeat.
    /// </summary>
    public async Task EndRemainsAsync(ProgramSpec spec, RunningProgram? running)
    {
        Check.That(spec.WorkingDirectory != "/"); // Nobody sweeps the root folder.
        var group = running is null ? GroupOf(spec) : running.Group;
        if (group?.TryKill() != true)
            _ = ProcessSweep.KillAll(cgroup: null, running?.Identity, spec.WorkingDirectory);
        running?.Identity.TrySignal(Signal.Kill);
        var began = BootClock.Now;
        while (!IsGone(group, running, spec.WorkingDirectory) && BootClock.Now - began < RemainsLimit)
            await Task.Delay(RemainsEvery, CancellationToken.None);
    }

    // A cgroup knows everybody; without one, the folder is asked.
    static bool IsGone(Cgroup? group, RunningProgram? running, string folder) =>
        running?.Identity.IsAlive != true
        && (group is null ? !ProcessSweep.AnybodyWorksIn(folder) : group.IsEmpty);

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

    async Task<ProgramEnd> EndOfChildAsync(Process process)
    {
        using (process)
        {
            var pid = process.Id;
            await process.WaitForExitAsync(CancellationToken.None);
            children.Forget(pid);
            // The runtime adds 128 to the number of a signal, as shells do.
            return new ProgramEnd(process.ExitCode);
        }
    }

    static ProcessStartInfo Describe(ProgramSpec spec, Cgroup? group, ImmutableArray<string> words)
    {
        var start = new ProcessStartInfo("setsid")
        {
            WorkingDirectory = spec.WorkingDirectory,
            UseShellExecute = false,
        };
        string[] first = spec.IsUrgent && Environment.IsPrivilegedProcess ? ["nice", "-n", UrgentNice] : [];
        string[] prologue =
        [
            .. first,
            // The runtime has its children ignore SIGPIPE.
            "env", "--default-signal=PIPE", "sh", "-c", Prologue, "sh", group?.ProcsFile ?? "", .. words,
        ];
        foreach (var word in prologue)
            start.ArgumentList.Add(word);
        foreach (var name in spec.HiddenVariables)
            start.Environment.Remove(name);
        foreach (var (name, value) in spec.Environment)
            start.Environment[name] = value;
        // etcd would tell systemd that the supervisor is ready.
        start.Environment.Remove("NOTIFY_SOCKET");
        return start;
    }

    static string[] BecomeUser(ProgramSpec spec)
    {
        if (spec.User is not { } user || user == Environment.UserName || !Environment.IsPrivilegedProcess)
            return [];
        var account = UserAccount.Find(user)
            ?? throw new InvalidOperationException($"there is no user {user} on this host");
        var (id, group) = (Text(account.User), Text(account.Group));
        // Who ceases to be root loses its capabilities, but for the ambient ones (capabilities(7)).
        string[] kept = spec.BindsLowPort ? ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"] : [];
        return ["setpriv", $"--reuid={id}", $"--regid={group}", "--init-groups", .. kept, "--"];
    }

    /// <summary>oom_score_adj (proc(5)); empty: inherited. What guards the data is spared when memory runs out; an app
    /// that has eaten it is not.</summary>
    static string Sacrifice(ProgramSpec spec) => spec.App is null ? "" : "0";

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
