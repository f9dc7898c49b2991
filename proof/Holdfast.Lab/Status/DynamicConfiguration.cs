using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Status;

/// <summary>Changes the cluster's dynamic configuration as any tool would: <c>PATCH /config</c> at an agent.</summary>
static class DynamicConfiguration
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <param name="lines">KEY=VALUE; dots in the key descend, the value is JSON or else text.</param>
    public static JsonObject Patch(IEnumerable<string> lines)
    {
        var patch = new JsonObject();
        foreach (var line in lines)
        {
            var sign = line.IndexOf('=', StringComparison.Ordinal);
            if (sign < 1)
                throw new LabException($"'{line}' sets nothing: KEY=VALUE, as ttl=5 or postgresql.use_slots=false");
            var inner = patch;
            var keys = line[..sign].Split('.');
            foreach (var key in keys[..^1])
            {
                if (inner[key] is not JsonObject)
                    inner[key] = new JsonObject();
                inner = (JsonObject)inner[key]!;
            }
            inner[keys[^1]] = Value(line[(sign + 1)..]);
        }
        return patch;
    }

    /// <exception cref="LabException">The agent refused it.</exception>
    public static async Task ApplyAsync(
        LabState state, ClusterFile file, string host, JsonObject patch, CancellationToken stop)
    {
        using var http = LabHttp.Client(state, Limit);
        using var body = new StringContent(patch.ToJsonString());
        var agent = $"http://{state.Host(host).Address}:{file.Postgres.Rest}/config";
        using var answer = await http.PatchAsync(new Uri(agent), body, stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new LabException(
                $"the agent of {host} refused {patch.ToJsonString()}: {await answer.Content.ReadAsStringAsync(stop)}");
        }
    }

    static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
