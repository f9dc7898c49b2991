using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Lease;

/// <summary>The leader lease that this agent renews, as one immutable value. Deadlines are CLOCK_BOOTTIME.</summary>
/// <param name="Deadline">Zero until the first renewal counted: PostgreSQL may not write before.</param>
/// <param name="RaftTerm">Of the previous counted renewal; 0: none yet.</param>
internal sealed record LeaseState(Term Term, long ModRevision, long LeaseId, TimeSpan Deadline, long RaftTerm)
{
    public bool IsCounted => Deadline > TimeSpan.Zero;

    /// <summary>What the second owner is handed.</summary>
    public FenceTicket Ticket(string bootId, ProcessIdentity? postmaster, string? cgroup, string dataDirectory) => new()
    {
        BootId = bootId,
        DeadlineNs = BootClock.ToNanoseconds(Deadline),
        Term = Term.Value,
        ModRevision = ModRevision,
        LeaseId = LeaseId,
        RaftTerm = RaftTerm,
        PostmasterPid = postmaster?.Pid ?? 0,
        PostmasterStart = postmaster?.StartTicks ?? 0,
        Cgroup = cgroup,
        DataDirectory = dataDirectory,
    };
}
