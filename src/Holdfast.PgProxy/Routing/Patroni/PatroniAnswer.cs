using System.Globalization;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>
/// What a member says of itself: <c>GET /primary</c>, whose body is the same whatever its code (Patroni's
/// documentation, REST API). In the words of version 4; before, a primary was called master.
/// </summary>
/// <param name="IsLeader">Code 200: it holds the leader lock, and is no standby cluster's.</param>
/// <param name="System">The system identifier; 0: it has no data yet.</param>
/// <param name="Role">primary, replica and so on.</param>
/// <param name="State">running, starting and so on.</param>
internal sealed record PatroniAnswer(bool IsLeader, ulong System, string Role, string State)
{
    const int Yes = 200, No = 503;

    public int? Timeline { get; init; }
    public Lsn Written { get; init; }
    public Lsn? Received { get; init; }
    public Lsn? Replayed { get; init; }
    public string? ReplicationState { get; init; }
    public bool NoLoadBalance { get; init; }
    public string Version { get; init; } = "";

    /// <summary>Its own word in all three: the lock, the role, and that it runs.</summary>
    public bool IsPrimary => IsLeader && Role == "primary" && State == "running" && Timeline is not null;

    public bool IsOf(ulong system) => System == system || (System == 0 && !IsLeader);

    /// <returns>Null: that is no answer of Patroni's.</returns>
    public static PatroniAnswer? Read(int code, string body)
    {
        if (code is not (Yes or No) || LooseJson.Object(body) is not { } json || json.Text("role") is not { } role
            || json.Get("patroni") is not { ValueKind: JsonValueKind.Object } patroni)
            return null;
        var xlog = json.Get("xlog") ?? default;
        return new PatroniAnswer(
            code == Yes, Identifier(json), role == "master" ? "primary" : role, json.Text("state") ?? "")
        {
            Timeline = json.Number("timeline") is { } timeline and > 0 and <= int.MaxValue ? (int)timeline : null,
            Written = new Lsn(xlog.Position("location") ?? 0),
            Received = xlog.Position("received_location") is { } received ? new Lsn(received) : null,
            Replayed = xlog.Position("replayed_location") is { } replayed ? new Lsn(replayed) : null,
            ReplicationState = json.Text("replication_state"),
            NoLoadBalance = (json.Get("tags") ?? default).Boolean("noloadbalance") ?? false,
            Version = patroni.Text("version") ?? "",
        };
    }

    static ulong Identifier(JsonElement json) =>
        ulong.TryParse(json.Text("database_system_identifier"), CultureInfo.InvariantCulture, out var system)
            ? system : 0;
}
