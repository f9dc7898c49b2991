using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Rest;

/// <summary>The one object that <c>GET /patroni</c> and all health paths answer with: Patroni's fields, and
/// <c>holdfast</c> for what only our own agents know.</summary>
static class StatusJson
{
    /// <param name="now">CLOCK_BOOTTIME.</param>
    public static void Write(Utf8JsonWriter json, AgentView view, TimeSpan now)
    {
        json.WriteStartObject();
        json.WriteString("state", AgentFacts.State(view));
        if (AgentFacts.Answers(view) && view.Postgres.StartTime is { } started)
            json.WriteString("postmaster_start_time", started);
        json.WriteString("role", AgentFacts.Role(view));
        if (AgentFacts.Answers(view))
            WritePostgres(json, view);
        if (AgentFacts.IsPaused(view.Cluster))
            json.WriteBoolean("pause", true);
        if (view.Cluster?.Leader is null)
            json.WriteBoolean("cluster_unlocked", true);
        if (view.OnFailsafe)
            json.WriteBoolean("failsafe_mode_is_active", true);
        json.WriteNumber("dcs_last_seen", view.StoreSeenAt?.ToUnixTimeSeconds() ?? 0);
        WriteTags(json, view);
        if (view.Postgres.SystemIdentifier is { } system)
            json.WriteString("database_system_identifier", system);
        if (view.Postgres.PendingRestart)
            json.WriteBoolean("pending_restart", true);
        if (view.WatchdogFailed)
            json.WriteBoolean("watchdog_failed", true);
        json.WriteStartObject("patroni");
        json.WriteString("version", AgentFacts.PatroniVersion);
        json.WriteString("scope", view.Scope);
        json.WriteString("name", view.Name.Value);
        json.WriteEndObject();
        WriteHoldfast(json, view, now);
        json.WriteEndObject();
    }

    // The priorities as they were published: an agent does not change them while it runs.
    static void WriteTags(Utf8JsonWriter json, AgentView view)
    {
        var published = view.Cluster?.Member(view.Name) ?? new MemberView { Name = view.Name };
        MemberJson.WriteTags(json, published with
        {
            NoFailover = view.NoFailover,
            NoLoadBalance = view.NoLoadBalance,
            NoSync = view.NoSync,
        });
    }

    static void WritePostgres(Utf8JsonWriter json, AgentView view)
    {
        var postgres = view.Postgres;
        json.WriteNumber("server_version", postgres.ServerVersion);
        json.WriteStartObject("xlog");
        if (postgres.State == PostgresState.Primary)
            json.WriteNumber("location", (postgres.Written ?? Lsn.Zero).Value);
        else
            WriteReplicaPositions(json, postgres);
        json.WriteEndObject();
        if (postgres.Timeline is { } timeline)
            json.WriteNumber("timeline", timeline);
        if (AgentFacts.ReplicationState(view) is { } state)
            json.WriteString("replication_state", state);
        if (AgentFacts.SyncWord(view) is { } word)
            json.WriteBoolean(word, true);
        WriteWalSenders(json, postgres);
    }

    static void WriteReplicaPositions(Utf8JsonWriter json, PostgresView postgres)
    {
        var replayed = postgres.Replayed ?? Lsn.Zero;
        // A replica that has not streamed since its start has received nothing: what it replayed is what it has.
        var received = postgres.Received is { Value: > 0 } position ? position : replayed;
        json.WriteNumber("received_location", received.Value);
        json.WriteNumber("replayed_location", replayed.Value);
        json.WriteString("replayed_timestamp", postgres.ReplayTimestamp);
        json.WriteBoolean("paused", postgres.ReplayPaused);
    }

    static void WriteWalSenders(Utf8JsonWriter json, PostgresView postgres)
    {
        if (postgres.WalSenders.IsEmpty)
            return;
        json.WriteStartArray("replication");
        foreach (var sender in postgres.WalSenders)
        {
            json.WriteStartObject();
            json.WriteString("application_name", sender.Name.Value);
            json.WriteString("client_addr", sender.ClientAddress);
            json.WriteString("state", sender.State);
            json.WriteString("sync_state", sender.SyncState);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteHoldfast(Utf8JsonWriter json, AgentView view, TimeSpan now)
    {
        json.WriteStartObject("holdfast");
        json.WriteNumber("term", view.Term.Value);
        json.WriteBoolean("has_lease", HealthAnswer.Leads(view, now));
        if (view.Refused != Term.None)
            json.WriteNumber("refused", view.Refused.Value);
        if (view.Suspects != Term.None)
            json.WriteNumber("suspects", view.Suspects.Value);
        json.WriteString("data", DataWord(view.Postgres.Data));
        json.WriteNumber("position_age_ms", (long)(now - view.LookedAt).TotalMilliseconds);
        if (view.Opening is { } opening)
            json.WriteNumber("opening_ms", (long)opening.Age.TotalMilliseconds);
        if (view.HandsOver)
            json.WriteBoolean("handover", true);
        json.WriteString("job", view.Job?.Name);
        json.WriteString("decision", view.Decision);
        if (!view.Disk.IsWell)
        {
            json.WriteString("disk", view.Disk.Word);
            json.WriteString("disk_why", view.Disk.Why);
        }
        json.WriteEndObject();
    }

    public static string DataWord(DataState data) => data switch
    {
        DataState.Usable => "usable",
        DataState.Unfinished => "unfinished",
        _ => "empty",
    };
}
