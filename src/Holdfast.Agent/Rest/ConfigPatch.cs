using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Configuration;
using Holdfast.Store;

namespace Holdfast.Agent.Rest;

/// <summary><c>PATCH /config</c>: merges a change into the dynamic configuration under a comparison, so that of two
/// operators at once one is told (409) to look again. The agents hear of it by watch.</summary>
sealed class ConfigPatch(RestSettings settings, IStore store)
{
    readonly string _key = settings.KeyPrefix + "config";

    /// <returns>With code 200 the text is the new configuration, JSON.</returns>
    public async ValueTask<TextAnswer> RunAsync(ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        if (ParseObject(body) is not { Count: > 0 } change)
            return new(400, "the body must be a JSON object with the settings to change");
        if (DynamicSettingsJson.Problems(change) is { IsEmpty: false } problems)
            return new(400, string.Join("; ", problems));
        try
        {
            return await MergeAsync(change, stop);
        }
        catch (StoreUnavailableException unavailable)
        {
            return new(503, unavailable.Message);
        }
    }

    async ValueTask<TextAnswer> MergeAsync(JsonObject change, CancellationToken stop)
    {
        if ((await store.ReadAsync([_key], stop)).Find(_key) is not { } now
            || ParseObject(System.Text.Encoding.UTF8.GetBytes(now.Value)) is not { } config)
            return new(503, "there is no configuration in the store yet");
        if (!Merge(config, change))
            return new(200, config.ToJsonString(JsonText.Options));
        var text = config.ToJsonString(JsonText.Options);
        var result = await store.CommitAsync(
            new([new Compare.ModRevision(_key, now.ModRevision)], [new Operation.Put(_key, text)]), stop);
        return result.Outcome switch
        {
            WriteOutcome.Written => new(200, text),
            WriteOutcome.Refused => new(409, "somebody else has changed the configuration; ask again"),
            _ => new(503, $"unknown whether the configuration was written: {result.Why}"),
        };
    }

    /// <summary>Null removes a key, objects are merged, anything else replaces. True when something changed; scalars
    /// are
    /// compared as text, as Patroni does.</summary>
    internal static bool Merge(JsonObject config, JsonObject change)
    {
        var changed = false;
        foreach (var (name, wanted) in change)
        {
            if (wanted is null)
                changed |= config.Remove(name);
            else if (wanted is JsonObject inner && config[name] is JsonObject former)
                changed |= Merge(former, inner);
            else if (config[name]?.ToString() != wanted.ToString())
            {
                config[name] = wanted.DeepClone();
                changed = true;
            }
        }
        return changed;
    }

    static JsonObject? ParseObject(ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonNode.Parse(text.Span) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
