using System.Diagnostics.Metrics;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy;

/// <summary>Meter <c>Holdfast.PgProxy</c>.</summary>
internal sealed class ProxyMetrics : IDisposable
{
    public const string MeterName = "Holdfast.PgProxy";

    readonly Meter _meter = new(MeterName);
    readonly Counter<long> _connections;
    readonly Counter<long> _held;
    readonly Counter<long> _retries;
    readonly Counter<long> _closed;
    readonly Counter<long> _cut;
    readonly UpDownCounter<long> _clients;

    public ProxyMetrics()
    {
        _connections = _meter.CreateCounter<long>("holdfast.pgproxy.connections", null, "Clients accepted");
        _clients = _meter.CreateUpDownCounter<long>("holdfast.pgproxy.clients", null, "Clients connected now");
        _held = _meter.CreateCounter<long>("holdfast.pgproxy.held", null, "Clients that had to wait for a server");
        _retries = _meter.CreateCounter<long>(
            "holdfast.pgproxy.retries", null, "Logins begun again because the server refused, was not ready, or went");
        _closed = _meter.CreateCounter<long>("holdfast.pgproxy.closed", null, "Clients that ended, by reason");
        _cut = _meter.CreateCounter<long>("holdfast.pgproxy.cut", null, "Server connections cut for a lost role");
    }

    public void Accepted(Port port)
    {
        _connections.Add(1, Tag(port));
        _clients.Add(1, Tag(port));
    }

    public void Held(Port port) => _held.Add(1, Tag(port));
    public void Retried(Port port) => _retries.Add(1, Tag(port));
    public void Cut(string server, int count) => _cut.Add(count, new KeyValuePair<string, object?>("server", server));

    public void Closed(Port port, CloseReason reason)
    {
        _clients.Add(-1, Tag(port));
        _closed.Add(1, Tag(port), new KeyValuePair<string, object?>("reason", Enum.GetName(reason)));
    }

    static KeyValuePair<string, object?> Tag(Port port) => new("port", port == Port.Primary ? "primary" : "replicas");

    public void Dispose() => _meter.Dispose();
}
