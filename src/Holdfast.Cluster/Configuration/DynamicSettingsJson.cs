using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Cluster.Configuration;

/// <summary>From the JSON of Patroni's dynamic configuration to <see cref="DynamicSettings"/>.</summary>
public static class DynamicSettingsJson
{
    /// <summary>In seconds. From this ttl on Patroni's rules for the three periods hold; a shorter lease has its
    /// own.</summary>
    public const int PatroniTtlSeconds = 20;

    /// <summary>What a cluster file that does not say gets, in seconds; the short ones are also the least.</summary>
    internal const int TtlSeconds = 3, LoopWaitSeconds = 1, RetryTimeoutSeconds = 3, PatroniWaitSeconds = 10;

    const long PeriodMaxSeconds = int.MaxValue;

    /// <summary>
    /// Reads as Patroni does: unknown keys stay in <see cref="DynamicSettings.Json"/> only, numbers may be text, what
    /// is missing or useless gets Patroni's default. Null when the text is no JSON object.
    /// </summary>
    public static DynamicSettings? Read(string? json)
    {
        if (LooseJson.Object(json) is not { } root)
            return null;
        var missing = new DynamicSettings();
        var postgres = root.Get("postgresql") ?? default;
        var (ttl, loop, retry) = Periods(root, missing);
        return new DynamicSettings
        {
            Ttl = ttl,
            LoopWait = loop,
            RetryTimeout = retry,
            MaximumLagOnFailover = root.Position("maximum_lag_on_failover") ?? missing.MaximumLagOnFailover,
            SynchronousMode = Mode(root),
            SynchronousModeStrict = root.Boolean("synchronous_mode_strict") ?? missing.SynchronousModeStrict,
            SynchronousNodeCount =
                (int)Math.Clamp(root.Number("synchronous_node_count") ?? missing.SynchronousNodeCount, 1, 100),
            MaximumLagOnSyncNode = root.Position("maximum_lag_on_syncnode") is > 0 and var lag ? lag : null,
            CheckTimeline = root.Boolean("check_timeline") ?? missing.CheckTimeline,
            Pause = root.Boolean("pause") ?? missing.Pause,
            PrimaryStartTimeout = Seconds(
                root.Number("primary_start_timeout") ?? root.Number("master_start_timeout"),
                missing.PrimaryStartTimeout),
            FailsafeMode = root.Boolean("failsafe_mode") ?? missing.FailsafeMode,
            EarlyTakeover = root.Boolean("early_takeover") ?? missing.EarlyTakeover,
            UsePgRewind = postgres.Boolean("use_pg_rewind") ?? missing.UsePgRewind,
            UseSlots = postgres.Boolean("use_slots") ?? missing.UseSlots,
            Parameters = Parameters(postgres.Get("parameters")),
            PgHba = Lines(postgres.Get("pg_hba")),
            Json = json!,
        };
    }

    /// <summary>The settings of an object that stood in a file, as <see cref="Read"/> would see them.</summary>
    public static DynamicSettings Of(JsonObject json) => Read(TextOf(json))!;

    /// <summary>What is wrong with the known values of a configuration, or of a change to one, in the operator's words;
    /// <see cref="Read"/> would go on with defaults. Empty when nothing is.</summary>
    public static ImmutableArray<string> Problems(JsonObject json) =>
        Element(json) is { } root ? DynamicSettingsCheck.Problems(root) : [];

    /// <summary>PostgreSQL's parameters by name, those of a file: booleans become on and off, nulls are left
    /// out.</summary>
    public static ImmutableSortedDictionary<string, string> Parameters(JsonNode? given) => Parameters(Element(given));

    /// <summary>The text items of a list in a file, such as the lines of pg_hba; anything else is no line.</summary>
    public static ImmutableArray<string> Lines(JsonNode? given) => Lines(Element(given));

    internal static DynamicSettings WithFileDefaults(JsonObject dcs)
    {
        var ttl = (int)(Element(dcs)?.Number("ttl") ?? TtlSeconds);
        var isShort = ttl < PatroniTtlSeconds;
        dcs.TryAdd("ttl", JsonValue.Create(ttl));
        dcs.TryAdd("loop_wait", JsonValue.Create(isShort ? LoopWaitSeconds : PatroniWaitSeconds));
        dcs.TryAdd("retry_timeout", JsonValue.Create(isShort ? RetryTimeoutSeconds : PatroniWaitSeconds));
        dcs.TryAdd("synchronous_mode", JsonValue.Create("quorum"));
        return Of(dcs);
    }

    static JsonElement? Element(JsonNode? node) => LooseJson.Parse(node is null ? null : TextOf(node));

    static ImmutableSortedDictionary<string, string> Parameters(JsonElement? given)
    {
        var parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (given is not { ValueKind: JsonValueKind.Object } map)
            return parameters.ToImmutable();
        foreach (var parameter in map.EnumerateObject())
        {
            // PostgreSQL's own words for the values of JSON: a number as it stands, a boolean as on or off.
            var text = parameter.Value.ValueKind switch
            {
                JsonValueKind.String => LooseJson.String(parameter.Value),
                JsonValueKind.True => "on",
                JsonValueKind.False => "off",
                JsonValueKind.Number => parameter.Value.GetRawText(),
                _ => null,
            };
            if (text is not null)
                parameters[parameter.Name] = text;
        }
        return parameters.ToImmutable();
    }

    static ImmutableArray<string> Lines(JsonElement? given) => given is { ValueKind: JsonValueKind.Array } lines
        ? [.. lines.EnumerateArray().Select(LooseJson.String).OfType<string>()]
        : [];

    static SynchronousMode Mode(JsonElement root)
    {
        if (root.Get("synchronous_mode") is not { } value)
            return SynchronousMode.Off;
        if (string.Equals(LooseJson.String(value), "quorum", StringComparison.OrdinalIgnoreCase))
            return SynchronousMode.Quorum;
        return LooseJson.Boolean(value) == true ? SynchronousMode.On : SynchronousMode.Off;
    }

    static TimeSpan Seconds(long? seconds, TimeSpan missing) =>
        seconds is { } number and >= 0 ? TimeSpan.FromSeconds(Math.Min(number, PeriodMaxSeconds)) : missing;

    // Patroni's arithmetic: loop_wait + 2 x retry_timeout must fit into the ttl.
    static (TimeSpan Ttl, TimeSpan LoopWait, TimeSpan Retry) Periods(JsonElement root, DynamicSettings missing)
    {
        var ttl = Period(root, "ttl", missing.Ttl, (long)LeaseTimes.TtlMin.TotalSeconds);
        var loopWait = Period(root, "loop_wait", missing.LoopWait, LoopWaitSeconds);
        var retry = Period(root, "retry_timeout", missing.RetryTimeout, RetryTimeoutSeconds);
        if (ttl < PatroniTtlSeconds)
            loopWait = LoopWaitSeconds;
        else if (LoopWaitSeconds + 2 * retry > ttl)
            (loopWait, retry) = (LoopWaitSeconds, (ttl - LoopWaitSeconds) / 2);
        else if (loopWait + 2 * retry > ttl)
            loopWait = ttl - 2 * retry;
        return (TimeSpan.FromSeconds(ttl), TimeSpan.FromSeconds(loopWait), TimeSpan.FromSeconds(retry));
    }

    static long Period(JsonElement root, string name, TimeSpan missing, long least) =>
        Math.Clamp(root.Number(name) ?? (long)missing.TotalSeconds, least, PeriodMaxSeconds);

    // As Patroni writes it: without spaces, and a quote inside a shell command stays a quote.
    static string TextOf(JsonNode json)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(bytes, options))
            json.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
