using System.Net;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Sessions;

/// <summary>One server connection at one moment.</summary>
/// <param name="Key">Of its pool.</param>
/// <param name="Server">Where it leads.</param>
/// <param name="Local">Our own end.</param>
/// <param name="Born">CLOCK_BOOTTIME of its login.</param>
/// <param name="Used">CLOCK_BOOTTIME since when it is at rest; or now, while a client has it.</param>
/// <param name="Id">Its place and its process id.</param>
/// <param name="Client">Whose it is now; null: nobody's.</param>
/// <param name="Process">PostgreSQL's.</param>
/// <param name="Application">As it was told.</param>
/// <param name="IsAtRest">Nothing is owed or open.</param>
/// <param name="IsInTransaction">As it said last.</param>
/// <param name="IsCancelled">A cancel request is on its way to it.</param>
/// <param name="IsOld">To be closed once at rest.</param>
internal sealed record ServerFacts(
    PoolKey Key, Server Server, IPEndPoint? Local, TimeSpan Born, TimeSpan Used, long Id, long? Client, int Process,
    string Application, bool IsAtRest, bool IsInTransaction, bool IsCancelled, bool IsOld);
