using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Agent.Rest;

/// <summary>Reads the status object of an agent or of a Patroni member. What is missing, or of another type, is left
/// out.</summary>
static class PeerAnswerReader
{
    /// <returns>Null when it is no status at all (name, role or state is missing).</returns>
    public static PeerAnswer? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return Read(json.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static PeerAnswer? Read(JsonElement root)
    {
        var patroni = Part(root, "patroni");
        if (Text(patroni, "name") is not { } name || Text(root, "role") is not { } role
            || Text(root, "state") is not { } state)
            return null;
        var xlog = Part(root, "xlog");
        var holdfast = Part(root, "holdfast");
        var (location, received, replayed) =
            (Position(xlog, "location"), Position(xlog, "received_location"), Position(xlog, "replayed_location"));
        return new PeerAnswer
        {
            Name = new NodeName(name),
            Scope = Text(patroni, "scope") ?? "",
            Role = role,
            State = state,
            Timeline = Number(root, "timeline") is { } timeline and > 0 and <= int.MaxValue ? (int)timeline : null,
            Location = location,
            Received = received,
            Replayed = replayed,
            Position = location ?? Max(received, replayed),
            PositionAge = Number(holdfast, "position_age_ms") is { } age ? TimeSpan.FromMilliseconds(age) : null,
            SystemIdentifier = Text(root, "database_system_identifier"),
            NoFailover = NoFailover(Part(root, "tags")),
            WatchdogFailed = Flag(root, "watchdog_failed"),
            Term = new Term(Number(holdfast, "term") ?? 0),
            HasLease = Flag(holdfast, "has_lease"),
            Data = Data(Text(holdfast, "data")),
            Refused = new Term(Number(holdfast, "refused") ?? 0),
            Suspects = new Term(Number(holdfast, "suspects") ?? 0),
            Job = Text(holdfast, "job"),
        };
    }

    // Patroni: the boolean, where it is given (also as text), else a priority of zero.
    static bool NoFailover(JsonElement? tags)
    {
        if (Property(tags, "nofailover") is { } tag)
            return LooseJson.Boolean(tag) ?? false;
        return Property(tags, "failover_priority") is { } priority
            && int.TryParse(priority.ToString(), out var value) && value <= 0;
    }

    static DataState? Data(string? word) => word switch
    {
        "empty" => DataState.Empty,
        "usable" => DataState.Usable,
        "unfinished" => DataState.Unfinished,
        _ => null,
    };

    static JsonElement? Property(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var value) ? value : null;

    static JsonElement? Part(JsonElement? parent, string name) =>
        Property(parent, name) is { ValueKind: JsonValueKind.Object } part ? part : null;

    static string? Text(JsonElement? parent, string name) =>
        Property(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    static long? Number(JsonElement? parent, string name) =>
        Property(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number)
            ? number
            : null;

    static bool Flag(JsonElement? parent, string name) => Property(parent, name)?.ValueKind == JsonValueKind.True;

    static Lsn Max(Lsn? left, Lsn? right)
    {
        var (a, b) = (left ?? Lsn.Zero, right ?? Lsn.Zero);
        return a > b ? a : b;
    }

    static Lsn? Position(JsonElement? parent, string name) =>
        Number(parent, name) is { } value and >= 0 ? new Lsn((ulong)value) : null;
}
