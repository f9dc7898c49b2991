using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Fencing;

/// <summary>
/// What systemd runs after a supervisor ended (ExecStopPost): kills a PostgreSQL that nobody has given the right to
/// write. One whose deadline is still to come goes on; the supervisor that systemd starts next inherits it.
/// </summary>
public static class LastFence
{
    /// <returns>What was done, in words.</returns>
    public static string Run(string data, string run)
    {
        var paths = new NodePaths(data, run, Binary: "");
        var ticket = FenceFile.Read(paths.FenceFile, BootClock.BootId);
        var directory = ticket?.DataDirectory ?? paths.PostgresData;
        var now = BootClock.Nanoseconds;
        if (FenceRules.Verdict(ticket, now, () => PostgresOnDisk.Look(directory)) is not { } why)
        {
            return ticket is { DeadlineNs: > 0 }
                ? $"left alone: the deadline is in {(ticket.DeadlineNs - now) / 1_000_000} ms"
                : "nothing to fence";
        }
        var killed = PostgresKill.All(ticket, directory);
        if (ticket is not null)
            FenceFile.Write(paths.FenceFile, ticket with { DeadlineNs = 0 });
        return $"fenced, since {why}; {killed} processes killed by the sweep";
    }
}
