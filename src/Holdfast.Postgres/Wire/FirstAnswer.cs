using System.Buffers.Binary;

namespace Holdfast.Postgres.Wire;

/// <summary>What the first bytes of a server's answer to a startup message mean.</summary>
public abstract record FirstAnswer
{
    /// <summary>An error message longer than this, in bytes, is passed on without a look.</summary>
    public const int ErrorBytesMax = 8 * 1024;

    FirstAnswer()
    {
    }

    public sealed record NeedMore : FirstAnswer;

    /// <summary>The client's business.</summary>
    public sealed record PassOn : FirstAnswer;

    /// <summary>The server starts or stops: another try, there or elsewhere, is safe, since nothing was done.</summary>
    public sealed record NotNow(string SqlState, string Message) : FirstAnswer;

    static readonly NeedMore More = new();
    static readonly PassOn Pass = new();

    public static FirstAnswer Read(ReadOnlySpan<byte> answer)
    {
        if (answer.IsEmpty)
            return More;
        if (answer[0] != ErrorResponse.Tag)
            return Pass;
        if (answer.Length < ErrorResponse.HeaderBytes)
            return More;
        // A postmaster that can't fork says 'E' and bare text: its "length" is out of range, and it is passed on.
        var bytes = BinaryPrimitives.ReadInt32BigEndian(answer[1..]) + 1L;
        if (bytes is < ErrorResponse.HeaderBytes or > ErrorBytesMax)
            return Pass;
        if (answer.Length < bytes)
            return More;
        var body = answer[ErrorResponse.HeaderBytes..(int)bytes];
        var code = ErrorResponse.Field(body, 'C') ?? "";
        return SqlState.IsComingOrGoing(code) ? new NotNow(code, ErrorResponse.Field(body, 'M') ?? "") : Pass;
    }
}
