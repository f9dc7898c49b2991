using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Cluster.Configuration;

/// <summary>What is wrong with values of Patroni's dynamic configuration that we know. A key that we do not know is
/// kept and is no problem, and null removes a key.</summary>
static class DynamicSettingsCheck
{
    static readonly ImmutableArray<(string Name, long Least)> Numbers =
    [
        ("ttl", (long)LeaseTimes.TtlMin.TotalSeconds),
        ("loop_wait", DynamicSettingsJson.LoopWaitSeconds),
        ("retry_timeout", DynamicSettingsJson.RetryTimeoutSeconds),
        ("maximum_lag_on_failover", 0),
        ("maximum_lag_on_syncnode", -1),
        ("synchronous_node_count", 1),
        ("primary_start_timeout", 0),
        ("master_start_timeout", 0),
    ];

    static readonly ImmutableArray<string> Truths =
        ["synchronous_mode_strict", "check_timeline", "pause", "failsafe_mode"];

    static readonly ImmutableArray<string> PostgresTruths = ["use_pg_rewind", "use_slots"];

    public static ImmutableArray<string> Problems(JsonElement root)
    {
        var problems = ImmutableArray.CreateBuilder<string>();
        foreach (var (name, least) in Numbers)
        {
            if (root.Get(name) is { } value && !(root.Number(name) >= least))
                problems.Add($"'{name}' must be a whole number of at least"
                    + $" {least.ToString(CultureInfo.InvariantCulture)}, not {value.GetRawText()}");
        }
        AddWrongTruths(problems, root, "", Truths);
        if (root.Get("synchronous_mode") is { } mode && LooseJson.Boolean(mode) is null
            && !string.Equals(LooseJson.String(mode), "quorum", StringComparison.OrdinalIgnoreCase))
            problems.Add($"'synchronous_mode' must be on, off or quorum, not {mode.GetRawText()}");
        if (root.Get("postgresql") is { } postgres)
            AddWrongPostgres(problems, postgres);
        return problems.ToImmutable();
    }

    static void AddWrongPostgres(ImmutableArray<string>.Builder problems, JsonElement postgres)
    {
        if (postgres.ValueKind != JsonValueKind.Object)
        {
            problems.Add($"'postgresql' must be an object, not {postgres.GetRawText()}");
            return;
        }
        AddWrongTruths(problems, postgres, "postgresql.", PostgresTruths);
        if (postgres.Get("parameters") is { ValueKind: not JsonValueKind.Object } parameters)
            problems.Add($"'postgresql.parameters' must be an object, not {parameters.GetRawText()}");
        if (postgres.Get("pg_hba") is { } lines && (lines.ValueKind != JsonValueKind.Array
            || lines.EnumerateArray().Any(line => line.ValueKind != JsonValueKind.String)))
            problems.Add($"'postgresql.pg_hba' must be a list of lines, not {lines.GetRawText()}");
    }

    static void AddWrongTruths(
        ImmutableArray<string>.Builder problems, JsonElement parent, string path, ImmutableArray<string> names)
    {
        foreach (var name in names)
        {
            if (parent.Get(name) is { } value && LooseJson.Boolean(value) is null)
                problems.Add($"'{path}{name}' must be true or false, not {value.GetRawText()}");
        }
    }
}
