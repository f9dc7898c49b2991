using System.Collections.Frozen;

namespace Holdfast.Edge.Forwarding;

/// <summary>Which headers pass the edge.</summary>
internal static class HeaderRules
{
    public const string ServerInstance = "x-server-instance";
    public const string ForwardedFor = "X-Forwarded-For", ForwardedProto = "X-Forwarded-Proto",
        ForwardedHost = "X-Forwarded-Host";

    /// <summary>Of one connection only (RFC 9110, 7.6.1), and the framing: each side frames its own messages.</summary>
    static readonly FrozenSet<string> s_hopByHop = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings");

    /// <summary>Written by the edge itself. What a client says of them is not believed: nobody in front of the edge is
    /// trusted.</summary>
    static readonly FrozenSet<string> s_ownOfRequest = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        ForwardedFor, ForwardedProto, ForwardedHost, "Forwarded", RequestId.Header, "Content-Length", "Expect");

    static readonly FrozenSet<string> s_ownOfAnswer =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, RequestId.Header);

    /// <param name="name">Of a header of the client's.</param>
    /// <param name="connection">The value of its header Connection: what it names passes no further. Kestrel shortens a
    /// value with "close" or "keep-alive" to that one word, and what else it named is not known any more.</param>
    public static bool PassesToInstance(string name, string? connection) =>
        !s_hopByHop.Contains(name) && !s_ownOfRequest.Contains(name) && !IsNamed(name, connection);

    public static bool PassesToClient(string name, string? connection) =>
        !s_hopByHop.Contains(name) && !s_ownOfAnswer.Contains(name) && !IsNamed(name, connection);

    static bool IsNamed(string name, string? connection)
    {
        if (string.IsNullOrEmpty(connection))
            return false;
        foreach (var part in connection.AsSpan().Split(','))
        {
            if (connection.AsSpan(part).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }
}
