using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;

namespace Holdfast.Agent.Rest;

/// <summary>Patroni's metrics, by its names and labels, so that its dashboards go on working; and the term and
/// lease.</summary>
static class AgentMetrics
{
    /// <param name="now">CLOCK_BOOTTIME.</param>
    public static void Write(PrometheusText text, AgentView view, TimeSpan now)
    {
        var page = new Page(text, [new("scope", view.Scope), new("name", view.Name.Value)]);
        WritePostgres(page, view);
        WritePositions(page, view.Postgres);
        WriteReplication(page, view);
        WriteCluster(page, view);
        page.Gauge("holdfast_term", "Fencing term of the lease that this agent holds or saw last.", view.Term.Value);
        page.Gauge("holdfast_has_lease", "Value is 1 while the counted lease of this agent is in force, 0 otherwise.",
            HealthAnswer.Leads(view, now));
        page.Gauge("holdfast_disk_ok", "Value is 1 while the disk of this node can be written, 0 otherwise.",
            view.Disk.IsWell);
        page.Gauge("holdfast_loop_age_seconds", "Seconds since the last turn of the agent's loop.",
            Math.Max(0, (now - view.LastTurn).TotalSeconds));
    }

    static void WritePostgres(Page page, AgentView view)
    {
        page.Gauge("patroni_version", "Patroni semver without periods.", 40104, "040104");
        page.Gauge("patroni_postgres_running", "Value is 1 if Postgres is running, 0 otherwise.",
            AgentFacts.State(view) == "running");
        page.Gauge("patroni_postmaster_start_time", "Epoch seconds since Postgres started.",
            Epoch(view.Postgres.StartTime));
        page.Gauge("patroni_primary", "Value is 1 if this node is the leader, 0 otherwise.",
            AgentFacts.Role(view) == "primary");
    }

    static void WritePositions(Page page, PostgresView postgres)
    {
        var replica = postgres.State == PostgresState.Replica;
        page.Counter("patroni_xlog_location",
            "Current location of the Postgres transaction log, 0 if this node is not the leader.",
            postgres.State == PostgresState.Primary ? postgres.Written : null);
        page.Counter("patroni_xlog_received_location",
            "Current location of the received Postgres transaction log, 0 if this node is not a replica.",
            replica ? postgres.Received ?? postgres.Replayed : null);
        page.Counter("patroni_xlog_replayed_location",
            "Current location of the replayed Postgres transaction log, 0 if this node is not a replica.",
            replica ? postgres.Replayed : null);
        page.Gauge("patroni_xlog_replayed_timestamp",
            "Current timestamp of the replayed Postgres transaction log, 0 if null.",
            replica ? Epoch(postgres.ReplayTimestamp) : 0);
        page.Gauge("patroni_xlog_paused", "Value is 1 if the Postgres xlog is paused, 0 otherwise.",
            replica && postgres.ReplayPaused);
    }

    static void WriteReplication(Page page, AgentView view)
    {
        page.Gauge("patroni_standby_leader", "Value is 1 if this node is the standby_leader, 0 otherwise.",
            AgentFacts.Role(view) == "standby_leader");
        page.Gauge("patroni_replica", "Value is 1 if this node is a replica, 0 otherwise.",
            AgentFacts.Role(view) == "replica");
        var sync = AgentFacts.SyncWord(view);
        page.Gauge("patroni_sync_standby", "Value is 1 if this node is a sync standby, 0 otherwise.",
            sync == "sync_standby");
        page.Gauge("patroni_quorum_standby", "Value is 1 if this node is a quorum standby, 0 otherwise.",
            sync == "quorum_standby");
        page.Gauge("patroni_postgres_streaming", "Value is 1 if Postgres is streaming, 0 otherwise.",
            AgentFacts.ReplicationState(view) == "streaming");
        page.Gauge("patroni_postgres_in_archive_recovery",
            "Value is 1 if Postgres is replicating from archive, 0 otherwise.",
            AgentFacts.ReplicationState(view) == "in archive recovery");
    }

    static void WriteCluster(Page page, AgentView view)
    {
        var postgres = view.Postgres;
        page.Gauge("patroni_postgres_server_version", "Version of Postgres (if running), 0 otherwise.",
            AgentFacts.Answers(view) ? postgres.ServerVersion : 0);
        page.Gauge("patroni_cluster_unlocked", "Value is 1 if the cluster is unlocked, 0 if locked.",
            view.Cluster?.Leader is null);
        page.Gauge("patroni_failsafe_mode_is_active", "Value is 1 if failsafe mode is active, 0 if inactive.",
            view.OnFailsafe);
        page.Write("patroni_postgres_timeline", "Postgres timeline of this node (if running), 0 otherwise.",
            MetricKind.Counter, AgentFacts.Answers(view) ? postgres.Timeline ?? 0 : 0);
        page.Gauge("patroni_dcs_last_seen", "Epoch timestamp when DCS was last contacted successfully by Patroni.",
            view.StoreSeenAt?.ToUnixTimeSeconds() ?? 0);
        page.Gauge("patroni_pending_restart", "Value is 1 if the node needs a restart, 0 otherwise.",
            postgres.PendingRestart);
        page.Gauge("patroni_is_paused", "Value is 1 if auto failover is disabled, 0 otherwise.",
            AgentFacts.IsPaused(view.Cluster));
    }

    static double Epoch(string? time) =>
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.ToUnixTimeMilliseconds() / 1000d
            : 0;

    readonly struct Page(PrometheusText text, KeyValuePair<string, string>[] labels)
    {
        public void Gauge(string name, string help, bool value) => Gauge(name, help, value ? 1 : 0);

        public void Gauge(string name, string help, double value) => Write(name, help, MetricKind.Gauge, value);

        public void Gauge(string name, string help, double _, string exactly)
        {
            text.Family(name, help, MetricKind.Gauge);
            text.Sample(name, labels, exactly);
        }

        public void Counter(string name, string help, Lsn? position) =>
            Write(name, help, MetricKind.Counter, (position ?? Lsn.Zero).Value);

        public void Write(string name, string help, MetricKind kind, double value)
        {
            text.Family(name, help, kind);
            text.Sample(name, labels, value);
        }
    }
}
