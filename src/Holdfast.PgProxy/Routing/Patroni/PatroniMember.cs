using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>A member as <c>GET /cluster</c> of any of them lists it.</summary>
/// <param name="Name">Patroni's own.</param>
/// <param name="Api">Its REST API, without a path.</param>
/// <param name="ConnUrl">Of its PostgreSQL.</param>
internal sealed record PatroniMember(NodeName Name, Uri Api, string ConnUrl)
{
    /// <summary>Members that are asked; more are not looked at.</summary>
    public const int CountMax = 64;

    /// <returns>Empty: that is no such list.</returns>
    public static ImmutableArray<PatroniMember> ReadAll(string body)
    {
        if (LooseJson.Object(body)?.Get("members") is not { ValueKind: JsonValueKind.Array } list)
            return [];
        return
        [
            .. list.EnumerateArray().Select(Read).OfType<PatroniMember>()
                .DistinctBy(member => member.Name).Take(CountMax),
        ];
    }

    // One that has not described itself yet is not a member yet.
    static PatroniMember? Read(JsonElement json) =>
        json.Text("name") is { Length: > 0 } name
        && json.Text("host") is { Length: > 0 } host
        && Uri.CheckHostName(host) != UriHostNameType.Unknown
        && json.Number("port") is { } port and > 0 and <= 65535
        && Uri.TryCreate(json.Text("api_url"), UriKind.Absolute, out var api)
        && (api.Scheme == Uri.UriSchemeHttp || api.Scheme == Uri.UriSchemeHttps)
            ? new PatroniMember(
                new NodeName(name), new Uri(api, "/"), new UriBuilder("postgres", host, (int)port).ToString())
            : null;
}
