using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Supervisor.Decisions;

/// <summary>One program of a host, and all there is to know to run it.</summary>
public sealed record ProgramSpec
{
    /// <summary>Unique on the host; names its log and its record.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments; no shell reads it.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>The operating system's user; null: the supervisor's own.</summary>
    public string? User { get; init; }

    /// <summary>Added to the supervisor's own environment.</summary>
    public ImmutableSortedDictionary<string, string> Environment { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Variables of the supervisor's own environment that it does not get: others' secrets.</summary>
    public ImmutableArray<string> HiddenVariables { get; init; } = [];

    /// <summary>Absolute; a relative path of the command is seen from there.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Keeps CAP_NET_BIND_SERVICE (capabilities(7)): an ordinary user may not listen below 1024.</summary>
    public bool BindsLowPort { get; init; }

    /// <summary>Runs before others on a busy machine, where the supervisor may arrange that (nice(1)): a lease hangs on
    /// it. What it starts in its turn is its own affair.</summary>
    public bool IsUrgent { get; init; }

    /// <summary>Programs that are waited for before the first start, for a bounded time.</summary>
    public ImmutableArray<string> After { get; init; } = [];

    /// <summary>How long those that come after it wait for it: etcd may have no quorum for long, and the agent has to
    /// be there to look after its PostgreSQL all the same.</summary>
    public TimeSpan AwaitedFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Null: ready as soon as it runs.</summary>
    public Readiness? Readiness { get; init; }

    /// <summary>A program that has not answered at all for so long is killed and started anew; null: never.</summary>
    public TimeSpan? UnhealthyLimit { get; init; }

    /// <summary>How long it may take to end after SIGTERM, before SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Its cgroup, below the node's.</summary>
    public required string CgroupLeaf { get; init; }

    public RestartLimits Restart { get; init; } = new();

    /// <summary>What the file says of it as an app; null: a program of Holdfast's own.</summary>
    public AppSpec? App { get; init; }
}

/// <summary>What an app has besides: its health is judged, its instance is told to the cluster, and it is restarted
/// with all that it started.</summary>
public sealed record AppSpec
{
    /// <summary>host:port where it serves; null: it serves nobody.</summary>
    public string? Address { get; init; }

    /// <summary>Share of requests against the other instances' (1 to 100).</summary>
    public int Weight { get; init; } = 1;

    /// <summary>How often and how patiently it is asked; what is asked is <see cref="ProgramSpec.Readiness"/>, and
    /// without that whether it runs.</summary>
    public HealthSettings Health { get; init; } = new();

    /// <summary>Null: nothing to prepare.</summary>
    public PrepareSettings? Prepare { get; init; }
}

/// <summary>How one knows that a program serves.</summary>
public abstract record Readiness
{
    /// <summary>A connection is accepted.</summary>
    public sealed record Tcp(string Host, int Port) : Readiness;

    /// <summary>A GET answers 2xx.</summary>
    public sealed record Http(Uri Address) : Readiness;

    /// <summary>A command, run as the program's user, ends with code 0. Of apps only.</summary>
    public sealed record Command(ImmutableArray<string> Words) : Readiness;
}
