using Holdfast.Cluster.Model;

namespace Holdfast.Supervisor.Decisions;

/// <summary>What can be seen of PostgreSQL without asking it.</summary>
/// <param name="PostmasterRuns">The process that postmaster.pid names is alive and works in the data directory.</param>
/// <param name="StandbySignal">standby.signal is in the data directory: PostgreSQL itself removes it on promotion,
/// before it accepts the first write.</param>
/// <param name="DataDirectoryExists">There is anything at all.</param>
public readonly record struct PostgresSight(bool PostmasterRuns, bool StandbySignal, bool DataDirectoryExists);

/// <summary>The supervisor's half of fencing, as rules.</summary>
public static class FenceRules
{
    /// <summary>Why <paramref name="next"/> may not take the place of <paramref name="current"/>; null: it
    /// may.</summary>
    /// <param name="current">In force; null: none.</param>
    /// <param name="next">Handed in.</param>
    /// <param name="nowNs">CLOCK_BOOTTIME.</param>
    /// <param name="bootId">Of this boot.</param>
    /// <param name="dataFolder">The node's: nobody has us kill what works elsewhere.</param>
    /// <param name="ownCgroup">The supervisor's own, which must survive.</param>
    public static string? Refusal(
        FenceTicket? current, FenceTicket next, long nowNs, string bootId, string dataFolder, string? ownCgroup)
    {
        if (next.BootId != bootId)
            return $"the ticket is of boot {next.BootId}, this is boot {bootId}";
        if (current is not null && next.Term < current.Term)
            return $"term {next.Term} is older than {current.Term}";
        if (next.DeadlineNs != 0 && next.DeadlineNs <= nowNs)
            return $"the deadline passed {(nowNs - next.DeadlineNs) / 1_000_000} ms ago";
        if (!IsBelow(next.DataDirectory, dataFolder))
            return $"data directory {next.DataDirectory} is not below {dataFolder}";
        if (next.Cgroup is { } cgroup && ownCgroup is not null
            && (IsBelow(ownCgroup, cgroup) || Trim(ownCgroup) == Trim(cgroup)))
        {
            return $"cgroup {cgroup} holds the supervisor itself";
        }
        return null;
    }

    /// <summary>
    /// Why everything of PostgreSQL is to be killed now; null: it may go on. A passed deadline kills whatever the
    /// directory looks like: an agent that was demoting may have put standby.signal there while the server still wrote.
    /// </summary>
    /// <param name="ticket">In force; null: none.</param>
    /// <param name="nowNs">CLOCK_BOOTTIME.</param>
    /// <param name="look">Called only where it matters: a look may wait for a frozen disk, a passed deadline may
    /// not.</param>
    public static string? Verdict(FenceTicket? ticket, long nowNs, Func<PostgresSight> look)
    {
        if (ticket is { DeadlineNs: > 0 })
            return nowNs < ticket.DeadlineNs ? null : $"the deadline of term {ticket.Term} has passed";
        if (look() is not { PostmasterRuns: true, StandbySignal: false })
            return null;
        return ticket is null
            ? "it is no standby, and there is no ticket"
            : $"it is no standby, and term {ticket.Term} has no right to write";
    }

    /// <summary>Why the change from <paramref name="former"/> to <paramref name="next"/>, just made, kills: a right
    /// to write was given back while the directory is still a primary's, whose processes may outlive their
    /// postmaster.</summary>
    public static string? VerdictOnChange(FenceTicket? former, FenceTicket next, Func<PostgresSight> look) =>
        former is { DeadlineNs: > 0 } && next.DeadlineNs == 0
            && look() is { DataDirectoryExists: true, StandbySignal: false }
            ? $"term {next.Term} gave back the right to write"
            : null;

    static bool IsBelow(string path, string folder) =>
        path.StartsWith(Trim(folder) + "/", StringComparison.Ordinal)
        && !path.Contains("/../", StringComparison.Ordinal) && !path.EndsWith("/..", StringComparison.Ordinal);

    static string Trim(string path) => path.TrimEnd('/');
}
