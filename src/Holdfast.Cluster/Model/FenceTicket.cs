using System.Text.Json.Serialization;

namespace Holdfast.Cluster.Model;

/// <summary>
/// Until when one PostgreSQL may write, as the agent hands it to the supervisor: one line of JSON on the fence socket,
/// answered by one line <c>{"ok":true}</c>. A renewal counts for the agent only after that answer.
/// The supervisor keeps the last ticket in the run folder; a restarted agent asks for it and inherits the old deadline.
/// </summary>
public sealed record FenceTicket
{
    /// <summary>The kernel's boot id (/proc/sys/kernel/random/boot_id): a deadline means nothing after a
    /// reboot.</summary>
    public required string BootId { get; init; }

    /// <summary>CLOCK_BOOTTIME, nanoseconds. 0: no right to write.</summary>
    public required long DeadlineNs { get; init; }

    public required long Term { get; init; }

    /// <summary>etcd's id of the lease of the leader key, so that a restarted agent can go on renewing it.</summary>
    public required long LeaseId { get; init; }

    /// <summary>mod_revision of the leader key; the term less its base.</summary>
    public long ModRevision { get; init; }

    /// <summary>raft_term of the last counted renewal; 0: unknown, and the heir replaces the lease first.</summary>
    public long RaftTerm { get; init; }

    /// <summary>0: no postmaster runs. With <see cref="PostmasterStart"/> (clock ticks since boot, /proc/PID/stat field
    /// 22)
    /// it names one process for ever: pids are reused, pairs are not.</summary>
    public required int PostmasterPid { get; init; }
    public required ulong PostmasterStart { get; init; }

    /// <summary>The absolute path of the cgroup v2 leaf of PostgreSQL, or null where there is none.</summary>
    public string? Cgroup { get; init; }

    /// <summary>The absolute path of the data directory: what the sweep looks for when there is no cgroup.</summary>
    public required string DataDirectory { get; init; }
}

/// <summary>A request on the fence socket: exactly one of the two is set.</summary>
public sealed record FenceRequest
{
    /// <summary>Take this ticket over the former one. Refused if its term is lower than the former's.</summary>
    public FenceTicket? Put { get; init; }

    /// <summary>True: answer with the ticket in force.</summary>
    public bool Get { get; init; }
}

public sealed record FenceAnswer
{
    public required bool Ok { get; init; }

    /// <summary>Why not, in words.</summary>
    public string? Why { get; init; }

    /// <summary>The ticket in force, for a Get.</summary>
    public FenceTicket? Ticket { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FenceRequest))]
[JsonSerializable(typeof(FenceAnswer))]
[JsonSerializable(typeof(FenceTicket))]
public sealed partial class FenceJson : JsonSerializerContext;
