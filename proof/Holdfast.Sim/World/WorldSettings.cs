using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Sim.World;

/// <summary>What a world is made of; with the seed it decides everything that is not a fault.</summary>
internal sealed record WorldSettings
{
    public required ulong Seed { get; init; }
    public int Hosts { get; init; } = 3;
    public int TtlSeconds { get; init; } = 3;
    public SynchronousMode Mode { get; init; } = SynchronousMode.Quorum;
    public bool Strict { get; init; }
    public int NodeCount { get; init; } = 1;

    /// <summary>False: the cluster exists already, on all hosts; saves the time of its creation.</summary>
    public bool Bootstraps { get; init; }

    public bool Failsafe { get; init; }
    public bool EarlyTakeover { get; init; }

    /// <summary>etcd's members live on the first three hosts.</summary>
    public const int EtcdMembers = 3;

    public TimeSpan Ttl => TimeSpan.FromSeconds(TtlSeconds);

    public string ConfigJson => string.Create(CultureInfo.InvariantCulture,
        $$"""
        {"ttl":{{TtlSeconds}},"loop_wait":1,"retry_timeout":3,"synchronous_mode":{{ModeJson}},
        "synchronous_mode_strict":{{(Strict ? "true" : "false")}},"synchronous_node_count":{{NodeCount}},
        "primary_start_timeout":10,"failsafe_mode":{{(Failsafe ? "true" : "false")}},
        "early_takeover":{{(EarlyTakeover ? "true" : "false")}}}
        """);

    string ModeJson => Mode switch
    {
        SynchronousMode.Off => "false",
        SynchronousMode.On => "true",
        _ => "\"quorum\"",
    };
}
