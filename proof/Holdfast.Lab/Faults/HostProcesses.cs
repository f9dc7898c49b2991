using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Faults;

/// <summary>Which processes of a host make up a program: by pids that the host's own files, cgroups and supervisor
/// give, each checked to be in the host's cgroup; never by name.</summary>
sealed class HostProcesses(LabState state, LabHost host)
{
    public const string SupervisorName = "supervisor", PostgresName = "postgres";

    /// <summary>Of every lab; the file may add the edge and its apps.</summary>
    public static readonly ImmutableArray<string> Usual = [SupervisorName, "etcd", "agent", PostgresName, "pgproxy"];

    /// <summary>What a file's hosts run, in the order in which one would look for it.</summary>
    public static ImmutableArray<string> Of(ClusterFile file) =>
    [
        .. Usual, .. file.Edge is null ? (string[])[] : ["edge"], .. file.Apps.Select(app => app.Name),
    ];

    readonly LabFolders _folders = new(state.Lab);
    CgroupFolder Cgroup => _folders.CgroupOf(host.Name);

    public ProcessIdentity? SupervisorProcess => OwnFirstNumber(_folders.SupervisorOf(host.Name));
    public ProcessIdentity? Postmaster =>
        OwnFirstNumber(Path.Combine(_folders.DataOf(host.Name), "postgres/data/postmaster.pid"));

    /// <summary>As a line of the status; none when it is not running.</summary>
    public ImmutableArray<ProgramStatus> Supervisor(string programState) => SupervisorProcess is { } supervisor
        ?
        [
            new ProgramStatus(
                SupervisorName, programState, supervisor.Pid, Number(_folders.SupervisorOf(host.Name), 1) ?? 0),
        ]
        : [];

    /// <summary>The program's processes, its root first; empty when it does not run.</summary>
    public async Task<IReadOnlyList<ProcessIdentity>> OfAsync(string program, CancellationToken stop)
    {
        if (!state.Programs.Contains(program, StringComparer.Ordinal))
            throw new LabException(Wrong.Word("program", program, state.Programs));
        if (string.Equals(program, SupervisorName, StringComparison.Ordinal))
            return SupervisorProcess is { } supervisor ? [supervisor] : [];
        var own = Cgroup.Processes().ToHashSet();
        var postgres = Postmaster is { } postmaster ? PostgresOf(postmaster, own) : [];
        if (string.Equals(program, PostgresName, StringComparison.Ordinal))
            return postgres;
        // The agent's cgroup or descendants may hold PostgreSQL, which is a program of its own.
        var except = postgres.Select(process => process.Pid).ToHashSet();
        var roots = Leaf(program).Except(except).ToList();
        if (roots.Count == 0)
        {
            var answer = await SupervisorClient.TryAskAsync(host, stop);
            roots.AddRange(
                answer?.Programs.Where(line => line.Name.Equals(program, StringComparison.Ordinal))
                    .Select(line => line.Pid ?? 0) ?? []);
        }
        return [.. ProcessTree.Below(roots, except).Where(process => own.Contains(process.Pid))];
    }

    /// <summary>The postmaster, all below it, and who shares its cgroup if that is PostgreSQL's alone.</summary>
    List<ProcessIdentity> PostgresOf(ProcessIdentity postmaster, HashSet<int> own) =>
    [
        .. ProcessTree.Below(Leaf(PostgresName).Prepend(postmaster.Pid), new HashSet<int>())
            .Where(process => own.Contains(process.Pid)),
    ];

    /// <summary>Pids in the cgroups of that name below the host's.</summary>
    IEnumerable<int> Leaf(string program) => Cgroup.Named(program)
        .Where(folder => folder.Path.Length > Cgroup.Path.Length)
        .SelectMany(folder => folder.Processes());

    /// <summary>The pid that a file begins with, if it is a living process of this host: a stale file names
    /// nobody.</summary>
    ProcessIdentity? OwnFirstNumber(string file) =>
        Number(file, 0) is { } pid && Cgroup.Processes().Contains(pid)
            && ProcessIdentity.Of(pid) is { IsAlive: true } found ? found : null;

    static int? Number(string file, int index)
    {
        try
        {
            var words = File.ReadAllText(file).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            return index < words.Length && int.TryParse(
                words[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
