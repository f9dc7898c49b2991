using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Store.Layout;

/// <summary>The values of the keys that are not a member's, as Patroni writes and reads them.</summary>
public static class ClusterValues
{
    /// <summary>Patroni's word for "no wish" in the key <c>failover</c>.</summary>
    public const string NoFailover = "{}";

    /// <summary>Key <c>sync</c>: names in order, null when there is none.</summary>
    public static string Sync(NodeName? leader, IEnumerable<NodeName> standbys, int quorum)
    {
        var names = string.Join(',', standbys.Order().Select(name => name.Value));
        return TightJson.Write(json =>
        {
            json.WriteString("leader", leader?.Value);
            json.WriteNumber("quorum", quorum);
            json.WriteString("sync_standby", names.Length > 0 ? names : null);
        });
    }

    /// <summary>Key <c>status</c>: the leader's position, and the positions of slots by name.</summary>
    public static string Status(
        Lsn position, ImmutableSortedDictionary<string, Lsn> slots, ImmutableArray<string> retainSlots) =>
        TightJson.Write(json =>
        {
            json.WriteNumber("optime", position.Value);
            if (!slots.IsEmpty)
            {
                json.WriteStartObject("slots");
                foreach (var (slot, at) in slots)
                    json.WriteNumber(slot, at.Value);
                json.WriteEndObject();
            }
            if (!retainSlots.IsDefaultOrEmpty)
            {
                json.WriteStartArray("retain_slots");
                foreach (var slot in retainSlots)
                    json.WriteStringValue(slot);
                json.WriteEndArray();
            }
        });

    /// <summary>Key <c>failover</c>. Absent parts are left out.</summary>
    public static string Failover(NodeName? leader, NodeName? candidate, string? scheduledAt) => TightJson.Write(json =>
    {
        if (leader is { } from)
            json.WriteString("leader", from.Value);
        if (candidate is { } to)
            json.WriteString("member", to.Value);
        if (scheduledAt is not null)
            json.WriteString("scheduled_at", scheduledAt);
    });

    /// <summary>Key <c>failsafe</c>: REST addresses by name.</summary>
    public static string Failsafe(ImmutableSortedDictionary<NodeName, string> members) => TightJson.Write(json =>
    {
        foreach (var (name, apiUrl) in members)
            json.WriteString(name.Value, apiUrl);
    });

    /// <summary>Key <c>release</c> of ours.</summary>
    public static string Release(ReleaseView release) => TightJson.Write(json =>
    {
        json.WriteString("by", release.By.Value);
        json.WriteNumber("term", release.Term.Value);
        json.WriteString("why", release.Why);
        if (release.End is { } end)
        {
            json.WriteNumber("timeline", end.Timeline);
            json.WriteNumber("shutdown_at", end.At.Value);
        }
        if (release.To is { } to)
            json.WriteString("to", to.Value);
    });

    /// <summary>Key <c>history</c> with <paramref name="line"/> added. Lines of the same or a later timeline are
    /// replaced: they tell of a branch that was left. A former value that is no list is given up.</summary>
    public static string AppendHistory(string? former, HistoryLine line) => TightJson.WriteValue(json =>
    {
        json.WriteStartArray();
        if (LooseJson.Parse(former) is { ValueKind: JsonValueKind.Array } lines)
        {
            foreach (var kept in lines.EnumerateArray().Where(kept => IsBefore(kept, line.Timeline)))
                kept.WriteTo(json);
        }
        json.WriteStartArray();
        json.WriteNumberValue(line.Timeline);
        json.WriteNumberValue(line.Switch.Value);
        json.WriteStringValue(line.Reason);
        json.WriteStringValue(line.PromotedAt);
        json.WriteStringValue(line.Leader.Value);
        json.WriteEndArray();
        json.WriteEndArray();
    });

    static bool IsBefore(JsonElement line, int timeline) =>
        line.ValueKind == JsonValueKind.Array
        && line.GetArrayLength() > 0
        && line[0].ValueKind == JsonValueKind.Number
        && line[0].TryGetInt32(out var number)
        && number < timeline;
}

/// <summary>One promotion, as the key <c>history</c> keeps it.</summary>
/// <param name="Timeline">The timeline that ended.</param>
/// <param name="Switch">Where it ended.</param>
/// <param name="Reason">As PostgreSQL's history file says it.</param>
/// <param name="PromotedAt">ISO 8601.</param>
/// <param name="Leader">Who was promoted.</param>
public sealed record HistoryLine(int Timeline, Lsn Switch, string Reason, string PromotedAt, NodeName Leader);
