using System.Net;
using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Sessions;

/// <summary>One client at one moment.</summary>
/// <param name="Key">Of its pool.</param>
/// <param name="Card">Who it is.</param>
/// <param name="Local">Ours that it has connected to.</param>
/// <param name="Waited">For a server until now; null: it does not wait.</param>
/// <param name="Asked">CLOCK_BOOTTIME of the last bytes from it.</param>
/// <param name="Id">Its place and its process id.</param>
/// <param name="Server">Its server's id; null: it has none.</param>
/// <param name="Application">As it says.</param>
/// <param name="Pinned">Why it keeps its server.</param>
internal sealed record ClientFacts(
    PoolKey Key, ClientCard Card, IPEndPoint? Local, TimeSpan? Waited, TimeSpan Asked, long Id, long? Server,
    string Application, PinReason Pinned);
