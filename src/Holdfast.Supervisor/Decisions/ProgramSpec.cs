using System.Collections.Immutable;

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

    /// <summary>Programs that are waited for before the first start, for a bounded time.</summary>
    public ImmutableArray<string> After { get; init; } = [];

    /// <summary>Null: ready as soon as it runs.</summary>
    public Readiness? Readiness { get; init; }

    /// <summary>A program that has not answered at all for so long is killed and started anew; null: never.</summary>
    public TimeSpan? UnhealthyLimit { get; init; }

    /// <summary>How long it may take to end after SIGTERM, before SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Its cgroup, below the node's.</summary>
    public required string CgroupLeaf { get; init; }

    public RestartLimits Restart { get; init; } = new();
}

/// <summary>How one knows that a program serves.</summary>
public abstract record Readiness
{
    /// <summary>A connection is accepted.</summary>
    public sealed record Tcp(string Host, int Port) : Readiness;

    /// <summary>A GET answers 2xx.</summary>
    public sealed record Http(Uri Address) : Readiness;
}
