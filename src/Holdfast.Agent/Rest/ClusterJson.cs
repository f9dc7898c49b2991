using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Rest;

/// <summary>The answer of <c>GET /cluster</c>: every member as the store knows it, from the last view.</summary>
static class ClusterJson
{
    public static void Write(Utf8JsonWriter json, ClusterView cluster, string scope)
    {
        json.WriteStartObject();
        json.WriteStartArray("members");
        foreach (var line in MemberLine.Of(cluster))
            WriteMember(json, line);
        json.WriteEndArray();
        if (AgentFacts.IsPaused(cluster))
            json.WriteBoolean("pause", true);
        if (cluster.Failover is { ScheduledAt: { } at } failover)
            WriteScheduled(json, failover, at);
        json.WriteString("scope", scope);
        json.WriteEndObject();
    }

    static void WriteMember(Utf8JsonWriter json, MemberLine line)
    {
        var member = line.Member;
        json.WriteStartObject();
        json.WriteString("name", member.Name.Value);
        json.WriteString("role", line.Role);
        json.WriteString("state", line.State);
        json.WriteString("api_url", member.ApiUrl);
        if (member.Address is var (host, port))
        {
            json.WriteString("host", host);
            json.WriteNumber("port", port);
        }
        if (member.Timeline is { } timeline)
            json.WriteNumber("timeline", timeline);
        if (member.PendingRestart)
            json.WriteBoolean("pending_restart", true);
        MemberJson.WriteTags(json, member);
        WriteDistance(json, "receive_lsn", "receive_lag", line.Receive);
        WriteDistance(json, "replay_lsn", "replay_lag", line.Replay);
        WriteDistance(json, "lsn", "lag", line.Position);
        json.WriteEndObject();
    }

    static void WriteDistance(Utf8JsonWriter json, string lsn, string lag, Distance? distance)
    {
        if (distance is not { } known)
            return;
        json.WriteString(lsn, known.At?.ToString() ?? "unknown");
        if (known.Bytes is { } bytes)
            json.WriteNumber(lag, bytes);
        else
            json.WriteString(lag, "unknown");
    }

    static void WriteScheduled(Utf8JsonWriter json, FailoverView failover, string at)
    {
        json.WriteStartObject("scheduled_switchover");
        json.WriteString("at", at);
        if (failover.Leader is { } leader)
            json.WriteString("from", leader.Value);
        if (failover.Candidate is { } candidate)
            json.WriteString("to", candidate.Value);
        json.WriteEndObject();
    }
}
