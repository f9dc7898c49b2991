using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Store.Layout;

/// <summary>The value of <c>starts</c>: a list, the oldest first.</summary>
public static class StartsJson
{
    /// <summary>So many are kept. Each is one failover or crash; a COMMIT waits for its answer much shorter than
    /// that.</summary>
    public const int KeptMax = 64;

    /// <summary>All or nothing: with one that can't be read, what stands around it would be told as if nothing had been
    /// between.</summary>
    public static ImmutableArray<PrimaryStart> Read(string? json)
    {
        if (LooseJson.Parse(json) is not { ValueKind: JsonValueKind.Array } list)
            return [];
        var starts = ImmutableArray.CreateBuilder<PrimaryStart>(list.GetArrayLength());
        foreach (var value in list.EnumerateArray())
        {
            if (Read(value) is not { } start || (starts.Count > 0 && starts[^1].Number + 1 != start.Number))
                return [];
            starts.Add(start);
        }
        return starts.MoveToImmutable();
    }

    static PrimaryStart? Read(JsonElement value) =>
        value.Text("by") is { Length: > 0 } by && value.Number("number") is { } number
        && value.Number("timeline") is null or (>= 0 and <= int.MaxValue)
        && value.Number("parent_timeline") is null or (>= 0 and <= int.MaxValue)
            ? new PrimaryStart
            {
                Number = number,
                By = new NodeName(by),
                Term = new Term(value.Number("term") ?? 0),
                Timeline = (int)(value.Number("timeline") ?? 0),
                ParentTimeline = (int)(value.Number("parent_timeline") ?? 0),
                PostmasterStarted = value.Number("postmaster_started") ?? 0,
                NextXid = ulong.TryParse(
                    value.Text("next_xid"), NumberStyles.None, CultureInfo.InvariantCulture, out var xid) ? xid : null,
            }
            : null;

    /// <summary>The newest <see cref="KeptMax"/>.</summary>
    public static string Write(ImmutableArray<PrimaryStart> starts) => TightJson.WriteValue(json =>
    {
        json.WriteStartArray();
        foreach (var start in starts.Skip(starts.Length - KeptMax))
            Write(json, start);
        json.WriteEndArray();
    });

    static void Write(Utf8JsonWriter json, PrimaryStart start)
    {
        json.WriteStartObject();
        json.WriteNumber("number", start.Number);
        json.WriteString("by", start.By.Value);
        if (start.IsComplete)
        {
            json.WriteNumber("term", start.Term.Value);
            json.WriteNumber("timeline", start.Timeline);
            json.WriteNumber("parent_timeline", start.ParentTimeline);
            json.WriteNumber("postmaster_started", start.PostmasterStarted);
        }
        // As text, as xid8 is told everywhere: 64 bits are more than many a reader's number holds.
        if (start.NextXid is { } xid)
            json.WriteString("next_xid", xid.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }
}
