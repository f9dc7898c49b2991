using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Store.Etcd;

enum ReplyKind
{
    /// <summary>HTTP 200, with a body.</summary>
    Answered,

    /// <summary>etcd said no, and that nothing was done.</summary>
    Rejected,

    /// <summary>etcd, or something before it, failed: it may have been done.</summary>
    Failed,

    /// <summary>Sent, and no answer came in time, or not all of it.</summary>
    Lost,

    /// <summary>No connection: nothing was sent.</summary>
    NotSent,
}

/// <summary>What came of one request.</summary>
readonly record struct Reply(ReplyKind Kind, byte[] Body, int Code, string Why)
{
    // Codes of gRPC (grpc/status.proto).
    public const int InvalidArgument = 3, NotFound = 5, AlreadyExists = 6, PermissionDenied = 7, ResourceExhausted = 8,
        FailedPrecondition = 9, OutOfRange = 11, Unimplemented = 12, Unauthenticated = 16;

    /// <summary>Another member could not say it better.</summary>
    public bool IsSettled => Kind is ReplyKind.Answered or ReplyKind.Rejected;

    /// <summary>What a write comes to when it was not <see cref="ReplyKind.Answered"/>.</summary>
    public WriteOutcome Outcome => Kind switch
    {
        ReplyKind.Rejected or ReplyKind.NotSent => WriteOutcome.Refused,
        _ => WriteOutcome.Unknown,
    };

    public static Reply Answered(byte[] body) => new(ReplyKind.Answered, body, 0, "");

    public static Reply Lost(string why) => new(ReplyKind.Lost, [], 0, why);

    public static Reply NotSent(string why) => new(ReplyKind.NotSent, [], 0, why);

    /// <summary>Reads the body of an answer that is not 200.</summary>
    public static Reply OfError(int status, byte[] body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, EtcdJson.Default.ErrorAnswer) is { Message: { } message } error)
                return new(IsFinal(error.Code) ? ReplyKind.Rejected : ReplyKind.Failed, [], error.Code, message);
        }
        catch (JsonException)
        {
            // Not etcd's own words: told by its status alone.
        }
        return status == 404
            ? new(ReplyKind.Rejected, [], Unimplemented, "HTTP 404: no such call")
            : new(ReplyKind.Failed, [], 0, $"HTTP {status}");
    }

    /// <summary>The body, or null when it is not what was expected: then nothing is known.</summary>
    public T? Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        if (Kind != ReplyKind.Answered)
            return null;
        try
        {
            return JsonSerializer.Deserialize(Body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // What etcd answers with these codes it found out before it took effect; the others (unavailable, deadline,
    // unknown, internal, ...) also come when a leader went away while the proposal was under way.
    static bool IsFinal(int code) => code is InvalidArgument or NotFound or AlreadyExists or PermissionDenied
        or ResourceExhausted or FailedPrecondition or OutOfRange or Unimplemented or Unauthenticated;
}
