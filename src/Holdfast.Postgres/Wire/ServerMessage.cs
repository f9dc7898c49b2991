namespace Holdfast.Postgres.Wire;

/// <summary>What a server sends, by tag (PostgreSQL manual, Message Formats).</summary>
public static class ServerMessage
{
    public const byte Authentication = (byte)'R';
    public const byte BackendKeyData = (byte)'K';
    public const byte BindComplete = (byte)'2';
    public const byte CloseComplete = (byte)'3';
    public const byte CommandComplete = (byte)'C';
    public const byte CopyBothResponse = (byte)'W';
    public const byte CopyData = (byte)'d';
    public const byte CopyDone = (byte)'c';
    public const byte CopyInResponse = (byte)'G';
    public const byte CopyOutResponse = (byte)'H';
    public const byte DataRow = (byte)'D';
    public const byte EmptyQueryResponse = (byte)'I';
    public const byte Error = ErrorResponse.Tag;
    public const byte FunctionCallResponse = (byte)'V';
    public const byte NegotiateProtocolVersion = (byte)'v';
    public const byte NoData = (byte)'n';
    public const byte Notice = (byte)'N';
    public const byte Notification = (byte)'A';
    public const byte ParameterDescription = (byte)'t';
    public const byte ParameterStatus = (byte)'S';
    public const byte ParseComplete = (byte)'1';
    public const byte PortalSuspended = (byte)'s';
    public const byte ReadyForQuery = (byte)'Z';
    public const byte RowDescription = (byte)'T';

    /// <summary>What a server sends of itself has no length that is worth a connection.</summary>
    const int SmallBytes = 64 * 1024;

    /// <returns>-1: no server sends such a tag.</returns>
    public static int BodyBytesMax(byte tag) => tag switch
    {
        DataRow or CopyData or Error or Notice or RowDescription or ParameterDescription or FunctionCallResponse
            or Notification => int.MaxValue - sizeof(int),
        Authentication or BackendKeyData or CommandComplete or CopyBothResponse or CopyInResponse or CopyOutResponse
            or NegotiateProtocolVersion or ParameterStatus => SmallBytes,
        BindComplete or CloseComplete or CopyDone or EmptyQueryResponse or NoData or ParseComplete
            or PortalSuspended => 0,
        ReadyForQuery => 1,
        _ => -1,
    };
}
