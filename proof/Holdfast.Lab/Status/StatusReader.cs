using Holdfast.Foundation.Processes;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Status;

/// <summary>What every host of a lab is doing, from the outside.</summary>
static class StatusReader
{
    public static async Task<LabStatus> ReadAsync(LabState state, CancellationToken stop) =>
        new(state.Lab, [.. await Task.WhenAll(state.Hosts.Select(host => ReadAsync(state, host, stop)))]);

    static async Task<HostStatus> ReadAsync(LabState state, LabHost host, CancellationToken stop)
    {
        var processes = new HostProcesses(state, host);
        if (!host.IsRunning)
            return new HostStatus(host.Name, host.Address, "down", []);
        if (new LabFolders(state.Lab).CgroupOf(host.Name).IsFrozen)
            return new HostStatus(host.Name, host.Address, "paused", processes.Supervisor("paused"));
        var answer = await SupervisorClient.TryAskAsync(host, stop);
        return new HostStatus(host.Name, host.Address, StateOf(host, processes, answer),
        [
            .. processes.Supervisor(answer is null ? "unknown" : "running"),
            .. (answer?.Programs ?? []).Where(program => !program.Name.Equals("supervisor", StringComparison.Ordinal))
                .Select(program => program with { State = program.State.ToLowerInvariant() }),
            .. Postmaster(processes, answer),
        ]);
    }

    static string StateOf(LabHost host, HostProcesses processes, SupervisorAnswer? answer) =>
        processes.SupervisorProcess is { } supervisor && ProcessStat.Read(supervisor.Pid)?.State == 'T' ? "paused"
        : answer is null || host.Cuts.Contains(Cut.All, StringComparer.Ordinal) ? "unreachable"
        : "up";

    /// <summary>PostgreSQL is the agent's program; the supervisor need not list it.</summary>
    static IEnumerable<ProgramStatus> Postmaster(HostProcesses processes, SupervisorAnswer? answer)
    {
        if (answer is null || answer.Programs.Any(program => program.Name.Equals("postgres", StringComparison.Ordinal)))
            yield break;
        if (processes.Postmaster is { } postmaster)
            yield return new ProgramStatus("postgres", "running", postmaster.Pid, 0);
    }
}
