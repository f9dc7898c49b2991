using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>What follows from a view and is shown under several paths, in Patroni's words.</summary>
static class AgentFacts
{
    /// <summary>The version of Patroni whose keys and answers we follow; members compare it.</summary>
    public const string PatroniVersion = "4.1.4";

    /// <summary>True while PostgreSQL answers queries.</summary>
    public static bool Answers(AgentView view) => view.Postgres.State is PostgresState.Primary or PostgresState.Replica;

    /// <summary>What PostgreSQL itself says, while it answers; what the agent intends, otherwise.</summary>
    public static string Role(AgentView view) => view.Postgres.State switch
    {
        PostgresState.Primary => "primary",
        PostgresState.Replica => "replica",
        _ => view.Role,
    };

    /// <summary>"unknown" is a server that runs and does not answer.</summary>
    public static string State(AgentView view) =>
        view.State == "running" && !Answers(view) ? "unknown" : view.State;

    public static TimeSpan Ttl(AgentView view) => (view.Cluster?.Settings ?? new DynamicSettings()).Ttl;

    public static string? ReplicationState(AgentView view) =>
        view.Postgres is { State: PostgresState.Replica, Streaming: true } ? "streaming" : null;

    /// <summary><c>sync_standby</c>, <c>quorum_standby</c> or null, of this member.</summary>
    public static string? SyncWord(AgentView view) =>
        view.Postgres.State == PostgresState.Replica && view.Cluster is { } cluster
            ? SyncWord(cluster, view.Name)
            : null;

    public static string? SyncWord(ClusterView cluster, NodeName name) =>
        (cluster.Settings?.SynchronousMode ?? SynchronousMode.Off) switch
        {
            _ when cluster.Sync is not { } sync || !sync.Standbys.Contains(name) => null,
            SynchronousMode.Quorum => "quorum_standby",
            SynchronousMode.On => "sync_standby",
            _ => null,
        };

    /// <summary>Tags that are false are absent, as in Patroni.</summary>
    public static bool HasTag(AgentView view, string name) => name switch
    {
        "nofailover" => view.NoFailover,
        "noloadbalance" => view.NoLoadBalance,
        "nosync" => view.NoSync,
        _ => false,
    };

    /// <summary>True while the dynamic configuration says <c>pause: true</c>.</summary>
    public static bool IsPaused(ClusterView? cluster) => cluster?.Settings is { Pause: true };
}
