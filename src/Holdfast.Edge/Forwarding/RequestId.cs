using System.Buffers;

namespace Holdfast.Edge.Forwarding;

/// <summary>The id that follows a request through every hop and every log.</summary>
internal static class RequestId
{
    public const string Header = "x-request-id";

    /// <summary>Nothing that could mean something in a log, a header or a shell.</summary>
    static readonly SearchValues<char> s_safe =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:+=~");

    /// <summary>The client's, if it is safe to pass on; else a new one, which sorts by time.</summary>
    public static string Of(string? given) => IsSafe(given) ? given! : Guid.CreateVersion7().ToString("N");

    public static bool IsSafe(string? id) =>
        id is { Length: > 0 and <= EdgeLimits.RequestIdCharsMax } && !id.AsSpan().ContainsAnyExcept(s_safe);
}
