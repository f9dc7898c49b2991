using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Rest;

public sealed class AgentMetricsTests
{
    [Theory]
    [InlineData("patroni_version", "040104")]
    [InlineData("patroni_postgres_running", "1")]
    [InlineData("patroni_postmaster_start_time", "1769860800.5")]
    [InlineData("patroni_primary", "1")]
    [InlineData("patroni_xlog_location", "5000")]
    [InlineData("patroni_standby_leader", "0")]
    [InlineData("patroni_replica", "0")]
    [InlineData("patroni_sync_standby", "0")]
    [InlineData("patroni_quorum_standby", "0")]
    [InlineData("patroni_xlog_received_location", "0")]
    [InlineData("patroni_xlog_replayed_location", "0")]
    [InlineData("patroni_xlog_replayed_timestamp", "0")]
    [InlineData("patroni_xlog_paused", "0")]
    [InlineData("patroni_postgres_streaming", "0")]
    [InlineData("patroni_postgres_in_archive_recovery", "0")]
    [InlineData("patroni_postgres_server_version", "150020")]
    [InlineData("patroni_cluster_unlocked", "0")]
    [InlineData("patroni_failsafe_mode_is_active", "0")]
    [InlineData("patroni_postgres_timeline", "1")]
    [InlineData("patroni_dcs_last_seen", "1769862896")]
    [InlineData("patroni_pending_restart", "0")]
    [InlineData("patroni_is_paused", "0")]
    [InlineData("holdfast_term", "42")]
    [InlineData("holdfast_has_lease", "1")]
    [InlineData("holdfast_disk_ok", "1")]
    [InlineData("holdfast_loop_age_seconds", "1")]
    public void A_primary_shows(string name, string value) => Lines(Views.Primary)
        .ShouldContain(line => line == $"{name}{{scope=\"filmopoisk\",name=\"n1\"}} {value}");

    [Theory]
    [InlineData("patroni_primary", "0")]
    [InlineData("patroni_xlog_location", "0")]
    [InlineData("patroni_replica", "1")]
    [InlineData("patroni_sync_standby", "0")]
    [InlineData("patroni_quorum_standby", "1")]
    [InlineData("patroni_xlog_received_location", "4900")]
    [InlineData("patroni_xlog_replayed_location", "4800")]
    [InlineData("patroni_xlog_replayed_timestamp", "1769862896.789")]
    [InlineData("patroni_postgres_streaming", "1")]
    [InlineData("holdfast_has_lease", "0")]
    public void A_quorum_standby_shows(string name, string value) =>
        Lines(Views.Replica.Synchronous(SynchronousMode.Quorum, "n2"))
            .ShouldContain(line => line == $"{name}{{scope=\"filmopoisk\",name=\"n2\"}} {value}");

    [Fact]
    public void Every_metric_has_a_help_and_a_type()
    {
        var lines = Lines(Views.Stopped);
        var samples = lines.Where(line => !line.StartsWith('#'))
            .Select(line => line[..line.IndexOf('{', StringComparison.Ordinal)]);
        foreach (var name in samples)
        {
            lines.ShouldContain(line => line.StartsWith($"# HELP {name} ", StringComparison.Ordinal));
            lines.ShouldContain(line => line.StartsWith($"# TYPE {name} ", StringComparison.Ordinal));
        }
    }

    static string[] Lines(AgentView view)
    {
        var text = new PrometheusText();
        AgentMetrics.Write(text, view, Views.Now);
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
