using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Configuration;

/// <summary>A program of your own that the supervisor keeps serving.</summary>
public sealed record AppSettings
{
    /// <summary>Unique among the apps, and no name of Holdfast's own programs.</summary>
    public required string Name { get; init; }
    public required ImmutableArray<NodeName> On { get; init; }

    /// <summary>Program and arguments; no shell reads it.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>The operating system's user that runs it.</summary>
    public string User { get; init; } = "nobody";

    /// <summary>Where it accepts connections on its host's address; null: it serves nobody.</summary>
    public int? Port { get; init; }

    /// <summary>Added to the environment. Secrets are read at the edge.</summary>
    public ImmutableSortedDictionary<string, SecretSettings> Environment { get; init; } =
        ImmutableSortedDictionary.Create<string, SecretSettings>(StringComparer.Ordinal);

    /// <summary>Other apps, or etcd, agent, pgproxy: waited for, a bounded time, before its first start on a
    /// host.</summary>
    public ImmutableArray<string> After { get; init; } = [];

    /// <summary>Runs to its end, once per cluster, before the first start anywhere; null: nothing to
    /// prepare.</summary>
    public PrepareSettings? Prepare { get; init; }

    /// <summary>Null: healthy while its port, if it has one, accepts connections.</summary>
    public HealthSettings? Health { get; init; }

    /// <summary>Share of requests per host, against the others' (1 to 100).</summary>
    public ImmutableSortedDictionary<NodeName, int> Weights { get; init; } =
        ImmutableSortedDictionary<NodeName, int>.Empty;

    /// <summary>From SIGTERM to SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    public int WeightOn(NodeName host) => Weights.GetValueOrDefault(host, 1);
}

/// <param name="Command">Ends with code 0 when there is nothing left to prepare; may be repeated after a
/// failure.</param>
/// <param name="Limit">After it the command is killed, and tried again.</param>
public sealed record PrepareSettings(ImmutableArray<string> Command, TimeSpan Limit)
{
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(10);
}

/// <summary>How one knows that an instance serves. Exactly one of Http, Tcp, Command is asked.</summary>
public sealed record HealthSettings
{
    /// <summary>A path that answers 2xx; null: not asked.</summary>
    public string? Http { get; init; }

    /// <summary>The port accepts a connection.</summary>
    public bool Tcp { get; init; }

    /// <summary>A command on the host that ends with code 0; empty: not asked.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Good answers in a row until an instance is healthy.</summary>
    public int Rise { get; init; } = 1;

    /// <summary>Bad answers in a row until a healthy one is not: it is restarted.</summary>
    public int Fall { get; init; } = 3;

    /// <summary>From its start, how long an instance may take to become healthy for the first time before it is
    /// restarted.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromSeconds(60);
}
