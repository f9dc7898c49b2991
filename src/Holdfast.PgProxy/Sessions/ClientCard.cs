using System.Net;

namespace Holdfast.PgProxy.Sessions;

/// <summary>Who a client is, for those who look at it.</summary>
/// <param name="From">Where it comes from.</param>
/// <param name="Born">CLOCK_BOOTTIME of its login.</param>
/// <param name="Process">What it takes for its server's process id.</param>
/// <param name="IsSecure">It talks TLS.</param>
internal sealed record ClientCard(IPEndPoint From, TimeSpan Born, int Process, bool IsSecure);
