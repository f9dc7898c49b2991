using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Supervisor.Fencing;

/// <summary>Ends all of PostgreSQL and leaves a directory that can only start as a replica.</summary>
internal static class PostgresKill
{
    /// <returns>How many the sweep killed; those in the cgroup are not counted.</returns>
    public static int All(FenceTicket? ticket, string dataDirectory)
    {
        var root = OfTicket(ticket) ?? PostgresOnDisk.Postmaster(dataDirectory);
        var cgroup = ticket?.Cgroup is { } path ? new Cgroup(path) : null;
        var killed = ProcessSweep.KillAll(cgroup, root, dataDirectory);
        PostgresOnDisk.PutStandbySignal(dataDirectory);
        return killed;
    }

    static ProcessIdentity? OfTicket(FenceTicket? ticket) =>
        ticket is { PostmasterPid: > 0 }
        && new ProcessIdentity(ticket.PostmasterPid, ticket.PostmasterStart) is { IsAlive: true } process
            ? process
            : null;
}
