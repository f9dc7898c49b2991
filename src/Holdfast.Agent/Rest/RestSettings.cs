using Holdfast.Agent.Configuration;

namespace Holdfast.Agent.Rest;

/// <summary>Where the REST API listens, and which keys it writes on an operator's behalf.</summary>
public sealed record RestSettings
{
    /// <summary>Port 0 takes a free one (see <see cref="RestApi.Address"/>). Host <c>*</c>: all addresses.</summary>
    public required HostPort Listen { get; init; }

    /// <summary>The folder of the cluster's keys with the slash at its end: <c>/service/SCOPE/</c>.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>How often a switchover that was asked for looks whether the leader has changed.</summary>
    public TimeSpan SwitchoverPoll { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long such a request waits at least for the new leader; twice this or twice loop_wait (Patroni's
    /// rule).</summary>
    public TimeSpan SwitchoverPatience { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The limits of one listener: an agent's API is small talk between few.</summary>
static class RestLimits
{
    /// <summary>Health checks of a few proxies, the peers and the operators; more are refused at once.</summary>
    public const long ConnectionsMax = 256;

    /// <summary>The largest body is a whole dynamic configuration.</summary>
    public const long BodyBytesMax = 256 * 1024;
    public const int HeaderBytesMax = 16 * 1024;
    public const int HeaderCountMax = 64;
    public const int RequestLineBytesMax = 8 * 1024;
    public static readonly TimeSpan HeadersLimit = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan BodyLimit = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);
}
