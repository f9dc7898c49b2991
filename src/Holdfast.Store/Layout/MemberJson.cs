using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Store.Layout;

/// <summary>The value of <c>members/NAME</c>: Patroni 4.1's fields in its order, and some of our own.</summary>
public static class MemberJson
{
    const string TermField = "holdfast_term", RefusedField = "holdfast_refused", TakeoverField = "holdfast_takeover",
        DiskField = "holdfast_disk", SeenField = "holdfast_seen", HandoverField = "holdfast_handover",
        SuccessorField = "holdfast_successor",
        PostmasterField = "holdfast_postmaster_started";

    /// <summary>Absent fields are empty. Of a value that is no object only the name is known.</summary>
    public static MemberView Read(NodeName name, string json)
    {
        var view = new MemberView { Name = name };
        if (LooseJson.Object(json) is not { } value)
            return view;
        var tags = value.Get("tags") ?? default;
        return view with
        {
            ConnUrl = value.Text("conn_url") ?? "",
            ApiUrl = value.Text("api_url") ?? "",
            State = value.Text("state") ?? "",
            Role = value.Text("role") is { } role ? RoleOf(role) : "",
            Version = value.Text("version") ?? "",
            Position = Lsn(value, "xlog_location") ?? Cluster.Model.Lsn.Zero,
            Received = Lsn(value, "receive_lsn"),
            Replayed = Lsn(value, "replay_lsn"),
            ReplicationState = value.Text("replication_state"),
            Timeline = value.Number("timeline") is { } timeline and > 0 and <= int.MaxValue ? (int)timeline : null,
            NoFailover = NoFailover(tags),
            NoLoadBalance = tags.Boolean("noloadbalance") ?? false,
            FailoverPriority = Priority(tags, "failover_priority"),
            SyncPriority = Priority(tags, "sync_priority"),
            NoSync = tags.Boolean("nosync") ?? tags.Number("sync_priority") is <= 0,
            PendingRestart = value.Boolean("pending_restart") ?? false,
            Term = new Term(value.Number(TermField) ?? 0),
            Refused = new Term(value.Number(RefusedField) ?? 0),
            Seen = new Term(value.Number(SeenField) ?? 0),
            Takeover = value.Boolean(TakeoverField) ?? false,
            Disk = value.Text(DiskField) ?? "",
            PostmasterStarted = value.Number(PostmasterField) ?? 0,
            HandsOver = value.Boolean(HandoverField) ?? false,
            Successor = value.Text(SuccessorField) is { Length: > 0 } successor ? new NodeName(successor) : null,
        };
    }

    public static string Write(MemberView member) => TightJson.Write(json =>
    {
        json.WriteString("conn_url", member.ConnUrl);
        json.WriteString("api_url", member.ApiUrl);
        json.WriteString("state", member.State);
        json.WriteString("role", member.Role);
        json.WriteString("version", member.Version);
        WriteTags(json, member);
        if (member.PendingRestart)
            json.WriteBoolean("pending_restart", true);
        if (member.Position != Cluster.Model.Lsn.Zero)
            json.WriteNumber("xlog_location", member.Position.Value);
        if (member.Replayed is { } replayed)
            json.WriteNumber("replay_lsn", replayed.Value);
        if (member.Received is { } received)
            json.WriteNumber("receive_lsn", received.Value);
        if (member.ReplicationState is { } state)
            json.WriteString("replication_state", state);
        if (member.Timeline is { } timeline)
            json.WriteNumber("timeline", timeline);
        if (member.Term != Term.None)
            json.WriteNumber(TermField, member.Term.Value);
        if (member.Refused != Term.None)
            json.WriteNumber(RefusedField, member.Refused.Value);
        if (member.Seen != Term.None)
            json.WriteNumber(SeenField, member.Seen.Value);
        if (member.Takeover)
            json.WriteBoolean(TakeoverField, true);
        if (member.Disk.Length > 0)
            json.WriteString(DiskField, member.Disk);
        if (member.PostmasterStarted != 0)
            json.WriteNumber(PostmasterField, member.PostmasterStarted);
        if (member.HandsOver)
            json.WriteBoolean(HandoverField, true);
        if (member.Successor is { } successor)
            json.WriteString(SuccessorField, successor.Value);
    });

    /// <summary>The object <c>tags</c>, without what is as usual; nothing when all is.</summary>
    public static void WriteTags(Utf8JsonWriter json, MemberView member)
    {
        if (member is { NoFailover: false, NoLoadBalance: false, NoSync: false, FailoverPriority: 1, SyncPriority: 1 })
            return;
        json.WriteStartObject("tags");
        if (member.NoFailover != member.FailoverPriority <= 0)
            json.WriteBoolean("nofailover", member.NoFailover);
        if (member.NoLoadBalance)
            json.WriteBoolean("noloadbalance", true);
        if (member.NoSync != member.SyncPriority <= 0)
            json.WriteBoolean("nosync", member.NoSync);
        if (member.FailoverPriority != 1)
            json.WriteNumber("failover_priority", member.FailoverPriority);
        if (member.SyncPriority != 1)
            json.WriteNumber("sync_priority", member.SyncPriority);
        json.WriteEndObject();
    }

    static int Priority(JsonElement tags, string name) =>
        tags.Number(name) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : 1;

    // A boolean outranks the priority where both stand; priority 0 bars promotion.
    static bool NoFailover(JsonElement tags) =>
        tags.Boolean("nofailover") ?? tags.Number("failover_priority") is <= 0;

    // Before version 4 a primary was called by the old word.
    static string RoleOf(string role) => string.Equals(role, "master", StringComparison.Ordinal) ? "primary" : role;

    static Lsn? Lsn(JsonElement value, string field) =>
        value.Position(field) is { } position ? new Lsn(position) : null;
}
