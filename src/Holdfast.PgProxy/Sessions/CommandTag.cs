namespace Holdfast.PgProxy.Sessions;

/// <summary>What the server says that it has done (PostgreSQL manual, Message Formats: CommandComplete). Bodies end
/// with a zero.</summary>
internal static class CommandTag
{
    /// <summary>All statements that were prepared are gone.</summary>
    public static bool Forgets(ReadOnlySpan<byte> body) =>
        body[0] == (byte)'D' && (IsDiscardAll(body) || body.SequenceEqual("DEALLOCATE ALL\0"u8));

    public static bool IsDiscardAll(ReadOnlySpan<byte> body) => body.SequenceEqual("DISCARD ALL\0"u8);

    /// <summary>Settings are again what the startup message made them.</summary>
    public static bool Resets(ReadOnlySpan<byte> body) => body.SequenceEqual("RESET\0"u8) || IsDiscardAll(body);

    /// <summary>By itself: what a transaction has written was counted when it was.</summary>
    public static bool WritesNothing(ReadOnlySpan<byte> body) => IsSet(body) || body[0] switch
    {
        (byte)'B' => body.SequenceEqual("BEGIN\0"u8),
        (byte)'C' => body.SequenceEqual("COMMIT\0"u8),
        (byte)'R' => body.SequenceEqual("ROLLBACK\0"u8) || body.SequenceEqual("RESET\0"u8),
        (byte)'S' => body.SequenceEqual("START TRANSACTION\0"u8),
        _ => false,
    };

    public static bool IsSet(ReadOnlySpan<byte> body) =>
        body[0] == (byte)'S' && body.SequenceEqual("SET\0"u8);

    /// <summary>The session has something now that no other has.</summary>
    public static bool MakesState(ReadOnlySpan<byte> body) => body[0] switch
    {
        (byte)'L' => body.SequenceEqual("LISTEN\0"u8) || body.SequenceEqual("LOAD\0"u8),
        (byte)'P' => body.SequenceEqual("PREPARE\0"u8),
        _ => false,
    };
}
