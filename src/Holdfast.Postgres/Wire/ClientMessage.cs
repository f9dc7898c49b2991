namespace Holdfast.Postgres.Wire;

/// <summary>What a client sends after its startup packet, by tag (PostgreSQL manual, Message Formats).</summary>
public static class ClientMessage
{
    public const byte Bind = (byte)'B';
    public const byte Close = (byte)'C';
    public const byte CopyData = (byte)'d';
    public const byte CopyDone = (byte)'c';
    public const byte CopyFail = (byte)'f';
    public const byte Describe = (byte)'D';
    public const byte Execute = (byte)'E';
    public const byte Flush = (byte)'H';
    public const byte FunctionCall = (byte)'F';
    public const byte Parse = (byte)'P';

    /// <summary>A password, or a step of SASL or GSSAPI: which, only the server's question tells.</summary>
    public const byte Password = (byte)'p';
    public const byte Query = (byte)'Q';
    public const byte Sync = (byte)'S';
    public const byte Terminate = (byte)'X';

    /// <summary>PostgreSQL's PQ_LARGE_MESSAGE_LIMIT, PQ_SMALL_MESSAGE_LIMIT and PG_MAX_AUTH_TOKEN_LENGTH.</summary>
    const int LargeBytes = 0x3fff_fffe, SmallBytes = 10_000, TokenBytes = 65_535;

    /// <returns>-1: no client sends such a tag.</returns>
    public static int BodyBytesMax(byte tag) => tag switch
    {
        Query or Parse or Bind or FunctionCall or CopyData => LargeBytes,
        Close or Describe or Execute or Flush or Sync or Terminate or CopyDone or CopyFail => SmallBytes,
        Password => TokenBytes,
        _ => -1,
    };
}
