using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent.Lease;

/// <summary>On whose behalf the lease is kept: the node's name and key, and the PostgreSQL that hangs on it. Nothing
/// here waits for anybody, so that the lease's thread may call it at any time.</summary>
internal sealed class LeaseOwner(string name, string leaderKey, IPostgres postgres, string dataDirectory,
    string? cgroup)
{
    public string Name { get; } = name;
    public string LeaderKey { get; } = leaderKey;

    public void Kill() => postgres.Kill();

    /// <summary>A postmaster runs here, and its directory is not a standby's.</summary>
    public bool WritesWithoutRight() =>
        postgres.Postmaster is not null && !File.Exists(Path.Combine(dataDirectory, "standby.signal"));

    public FenceTicket Ticket(LeaseState state) =>
        state.Ticket(BootClock.BootId, postgres.Postmaster, cgroup, dataDirectory);
}
