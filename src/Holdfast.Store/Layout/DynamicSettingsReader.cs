using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Store.Layout;

/// <summary>Reads Patroni's dynamic configuration. Settings that we don't know stay in
/// <see cref="DynamicSettings.Json"/>; a known one that can't be read keeps its default.</summary>
public static class DynamicSettingsReader
{
    // Patroni's rules for the three periods hold from this ttl on; a shorter lease has rules of its own (LeaseTimes).
    const long PatroniTtlMinSeconds = 20, RetryMinSeconds = 3, LoopMinSeconds = 1;
    const long PeriodMaxSeconds = int.MaxValue;

    /// <summary>Null when <paramref name="json"/> is no JSON object.</summary>
    public static DynamicSettings? Read(string? json)
    {
        if (LooseJson.Object(json) is not { } root)
            return null;
        var defaults = new DynamicSettings();
        var postgres = root.Get("postgresql") ?? default;
        var (ttl, loop, retry) = Periods(root, defaults);
        return new DynamicSettings
        {
            Ttl = ttl,
            LoopWait = loop,
            RetryTimeout = retry,
            MaximumLagOnFailover = root.Position("maximum_lag_on_failover") ?? defaults.MaximumLagOnFailover,
            SynchronousMode = Mode(root),
            SynchronousModeStrict = root.Boolean("synchronous_mode_strict") ?? defaults.SynchronousModeStrict,
            SynchronousNodeCount =
                (int)Math.Clamp(root.Number("synchronous_node_count") ?? defaults.SynchronousNodeCount, 1, 100),
            PrimaryStartTimeout = Seconds(
                root.Number("primary_start_timeout") ?? root.Number("master_start_timeout"),
                defaults.PrimaryStartTimeout),
            UsePgRewind = postgres.Boolean("use_pg_rewind") ?? defaults.UsePgRewind,
            UseSlots = postgres.Boolean("use_slots") ?? defaults.UseSlots,
            Parameters = Parameters(postgres, defaults.Parameters),
            PgHba = Lines(postgres.Get("pg_hba")),
            Json = json!,
        };
    }

    static (TimeSpan Ttl, TimeSpan Loop, TimeSpan Retry) Periods(JsonElement root, DynamicSettings defaults)
    {
        var ttl = Period(root, "ttl", defaults.Ttl, (long)LeaseTimes.TtlMin.TotalSeconds);
        var loop = Period(root, "loop_wait", defaults.LoopWait, LoopMinSeconds);
        var retry = Period(root, "retry_timeout", defaults.RetryTimeout, RetryMinSeconds);
        if (ttl < PatroniTtlMinSeconds)
        {
            loop = LoopMinSeconds;
        }
        else if (LoopMinSeconds + 2 * retry > ttl)
        {
            loop = LoopMinSeconds;
            retry = (ttl - LoopMinSeconds) / 2;
        }
        else if (loop + 2 * retry > ttl)
        {
            loop = ttl - 2 * retry;
        }
        return (TimeSpan.FromSeconds(ttl), TimeSpan.FromSeconds(loop), TimeSpan.FromSeconds(retry));
    }

    static long Period(JsonElement root, string name, TimeSpan otherwise, long min) =>
        Math.Clamp(root.Number(name) ?? (long)otherwise.TotalSeconds, min, PeriodMaxSeconds);

    static SynchronousMode Mode(JsonElement root)
    {
        if (root.Get("synchronous_mode") is not { } value)
            return SynchronousMode.Off;
        if (string.Equals(LooseJson.String(value), "quorum", StringComparison.OrdinalIgnoreCase))
            return SynchronousMode.Quorum;
        return LooseJson.Boolean(value) == true ? SynchronousMode.On : SynchronousMode.Off;
    }

    static TimeSpan Seconds(long? seconds, TimeSpan otherwise) =>
        seconds is { } number and >= 0 ? TimeSpan.FromSeconds(Math.Min(number, PeriodMaxSeconds)) : otherwise;

    static ImmutableSortedDictionary<string, string> Parameters(
        JsonElement postgres, ImmutableSortedDictionary<string, string> none)
    {
        if (postgres.Get("parameters") is not { ValueKind: JsonValueKind.Object } given)
            return none;
        var parameters = none.ToBuilder();
        foreach (var parameter in given.EnumerateObject())
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

    static ImmutableArray<string> Lines(JsonElement? given) =>
        given is { ValueKind: JsonValueKind.Array } lines
            ? [.. lines.EnumerateArray().Select(LooseJson.String).OfType<string>()]
            : [];
}
