using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Observe;

/// <summary>A node in Patroni's words of state and role (Patroni REST API documentation).</summary>
internal static class Words
{
    public static string State(SelfView self) => (self.Job?.Name, self.Postgres.State) switch
    {
        ("initdb", _) => "initializing new cluster",
        ("creating replica", _) => "creating replica",
        // Whoever hands over serves what is under way, until it answers no more.
        ("hand over", PostgresState.Starting) => "stopping",
        ("step down" or "stop", PostgresState.Primary or PostgresState.Replica) => "stopping",
        // It answers, and nobody is let in yet.
        (_, PostgresState.Primary) when self is { HasLease: true, IsOpen: false } => "starting",
        (_, PostgresState.Primary or PostgresState.Replica) => "running",
        (_, PostgresState.Starting) => "starting",
        _ when self.CloneFailed is not null => "create replica failed",
        _ => "stopped",
    };

    /// <summary>A primary calls itself that only under its lease and with its roles and databases made: proxies believe
    /// it.</summary>
    public static string Role(SelfView self) => self.Postgres switch
    {
        { State: PostgresState.Primary } when self is { HasLease: true, Bootstrapping: false } => "primary",
        { Data: DataState.Usable } => "replica",
        _ => "uninitialized",
    };
}
