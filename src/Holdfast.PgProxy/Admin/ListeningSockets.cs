using System.Net.Sockets;

namespace Holdfast.PgProxy.Admin;

/// <summary>The sockets that one process listens on and the next one takes.</summary>
/// <param name="Primary">Always.</param>
/// <param name="Replicas">Null: there is no such port.</param>
/// <param name="Metrics">Null: there is no such port.</param>
public sealed record ListeningSockets(Socket Primary, Socket? Replicas, Socket? Metrics)
{
    internal IEnumerable<(string Name, Socket Socket)> Named =>
        new (string Name, Socket? Socket)[] { ("primary", Primary), ("replicas", Replicas), ("metrics", Metrics) }
            .Where(one => one.Socket is not null).Select(one => (one.Name, one.Socket!));
}
