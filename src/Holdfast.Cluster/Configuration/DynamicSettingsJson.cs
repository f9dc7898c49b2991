using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>From the JSON of Patroni's dynamic configuration to <see cref="DynamicSettings"/>.</summary>
public static class DynamicSettingsJson
{
    /// <summary>In seconds. From this ttl on Patroni's rules for the three periods hold; a shorter lease has its
    /// own.</summary>
    public const int PatroniTtlSeconds = 20;

    /// <summary>What a cluster file that does not say gets, in seconds; the short ones are also the least.</summary>
    internal const int TtlSeconds = 3, LoopWaitSeconds = 1, RetryTimeoutSeconds = 3, PatroniWaitSeconds = 10;

    /// <summary>
    /// Reads as Patroni does: unknown keys stay in <see cref="DynamicSettings.Json"/> only, numbers may be text, what
    /// is missing or useless gets Patroni's default. Null when the text is no JSON object.
    /// </summary>
    public static DynamicSettings? Read(string json)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject read ? Of(read, json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The settings of an object that stood in a file, as <see cref="Read"/> would see them.</summary>
    public static DynamicSettings Of(JsonObject json) => Of(json, TextOf(json));

    internal static DynamicSettings WithFileDefaults(JsonObject dcs)
    {
        var ttl = (int)(Whole(dcs["ttl"]) ?? TtlSeconds);
        var isShort = ttl < PatroniTtlSeconds;
        dcs.TryAdd("ttl", JsonValue.Create(ttl));
        dcs.TryAdd("loop_wait", JsonValue.Create(isShort ? LoopWaitSeconds : PatroniWaitSeconds));
        dcs.TryAdd("retry_timeout", JsonValue.Create(isShort ? RetryTimeoutSeconds : PatroniWaitSeconds));
        dcs.TryAdd("synchronous_mode", JsonValue.Create("quorum"));
        return Of(dcs);
    }

    static DynamicSettings Of(JsonObject json, string text)
    {
        var missing = new DynamicSettings();
        var (ttl, loopWait, retry) = Periods(json, missing);
        var postgresql = json["postgresql"] as JsonObject;
        return new DynamicSettings
        {
            Ttl = ttl,
            LoopWait = loopWait,
            RetryTimeout = retry,
            MaximumLagOnFailover =
                Whole(json["maximum_lag_on_failover"]) is >= 0 and { } lag ? (ulong)lag : missing.MaximumLagOnFailover,
            SynchronousMode = Mode(json["synchronous_mode"]),
            SynchronousModeStrict = Truth(json["synchronous_mode_strict"]) ?? missing.SynchronousModeStrict,
            SynchronousNodeCount = (int)Math.Clamp(Whole(json["synchronous_node_count"]) ?? 1, 1, 100),
            PrimaryStartTimeout =
                Seconds(json["primary_start_timeout"] ?? json["master_start_timeout"]) ?? missing.PrimaryStartTimeout,
            UsePgRewind = Truth(postgresql?["use_pg_rewind"]) ?? missing.UsePgRewind,
            UseSlots = Truth(postgresql?["use_slots"]) ?? missing.UseSlots,
            Parameters = Parameters(postgresql?["parameters"]),
            PgHba = Lines(postgresql?["pg_hba"]),
            Json = text,
        };
    }

    /// <summary>PostgreSQL's parameters by name: booleans become on and off, nulls are left out.</summary>
    public static ImmutableSortedDictionary<string, string> Parameters(JsonNode? parameters) =>
        (parameters as JsonObject ?? [])
            .Where(parameter => parameter.Value is JsonValue)
            .ToImmutableSortedDictionary(
                parameter => parameter.Key, parameter => SettingText(parameter.Value!), StringComparer.Ordinal);

    /// <summary>The text items of a list, such as the lines of pg_hba; anything else is no line.</summary>
    public static ImmutableArray<string> Lines(JsonNode? list) =>
        [.. (list as JsonArray ?? []).OfType<JsonValue>().Select(line => line.ToString())];

    static string SettingText(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.True => "on",
        JsonValueKind.False => "off",
        _ => value.ToString(),
    };

    static SynchronousMode Mode(JsonNode? value) => value switch
    {
        JsonValue when value.ToString().Equals("quorum", StringComparison.OrdinalIgnoreCase) => SynchronousMode.Quorum,
        _ => Truth(value) == true ? SynchronousMode.On : SynchronousMode.Off,
    };

    static bool? Truth(JsonNode? value) =>
        value is JsonValue ? YamlScalar.TruthOf(value.ToString().ToLowerInvariant()) : null;

    static TimeSpan? Seconds(JsonNode? value) =>
        Whole(value) is >= 0 and <= int.MaxValue and { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    static long? Whole(JsonNode? value) =>
        long.TryParse((value as JsonValue)?.ToString(), CultureInfo.InvariantCulture, out var whole) ? whole : null;

    // Patroni's arithmetic: loop_wait + 2 x retry_timeout must fit into the ttl.
    static (TimeSpan Ttl, TimeSpan LoopWait, TimeSpan Retry) Periods(JsonObject json, DynamicSettings missing)
    {
        var ttl = Period(json["ttl"], missing.Ttl, (long)LeaseTimes.TtlMin.TotalSeconds);
        var loopWait = Period(json["loop_wait"], missing.LoopWait, LoopWaitSeconds);
        var retry = Period(json["retry_timeout"], missing.RetryTimeout, RetryTimeoutSeconds);
        if (ttl < PatroniTtlSeconds)
            loopWait = LoopWaitSeconds;
        else if (LoopWaitSeconds + 2 * retry > ttl)
            (loopWait, retry) = (LoopWaitSeconds, (ttl - LoopWaitSeconds) / 2);
        else if (loopWait + 2 * retry > ttl)
            loopWait = ttl - 2 * retry;
        return (TimeSpan.FromSeconds(ttl), TimeSpan.FromSeconds(loopWait), TimeSpan.FromSeconds(retry));
    }

    static long Period(JsonNode? value, TimeSpan missing, long least) =>
        Math.Clamp(Whole(value) ?? (long)missing.TotalSeconds, least, int.MaxValue);

    // As Patroni writes it: without spaces, and a quote inside a shell command stays a quote.
    static string TextOf(JsonObject json)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(bytes, options))
            json.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
