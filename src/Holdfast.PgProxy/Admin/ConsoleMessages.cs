using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Holdfast.PgProxy.Login;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Admin;

/// <summary>Rows and their description on the wire (PostgreSQL manual, Message Formats).</summary>
internal static class ConsoleMessages
{
    public static readonly byte[] NoParameters = Messages.Of(ServerMessage.ParameterDescription, [0, 0]);
    public static readonly byte[] NoData = Messages.Of(ServerMessage.NoData, []);
    public static readonly byte[] BindComplete = Messages.Of(ServerMessage.BindComplete, []);
    public static readonly byte[] Empty = Messages.Of(ServerMessage.EmptyQueryResponse, []);

    /// <param name="formats">None: all are text; one: of all; else one each. 1 is binary.</param>
    public static short FormatOf(ReadOnlySpan<short> formats, int column) => formats.Length switch
    {
        0 => 0,
        1 => formats[0],
        _ => column < formats.Length ? formats[column] : (short)0,
    };

    public static byte[] Description(IReadOnlyList<ConsoleColumn> columns, ReadOnlySpan<short> formats)
    {
        var body = new MemoryStream();
        Int16(body, (short)columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            body.Write(Encoding.UTF8.GetBytes(columns[i].Name + "\0"));
            Int32(body, 0); // of no table
            Int16(body, 0);
            Int32(body, columns[i].TypeId);
            Int16(body, columns[i].Bytes);
            Int32(body, -1);
            Int16(body, FormatOf(formats, i));
        }
        return Messages.Of(ServerMessage.RowDescription, body.ToArray());
    }

    public static byte[] Row(
        IReadOnlyList<ConsoleColumn> columns, IReadOnlyList<string?> values, ReadOnlySpan<short> formats)
    {
        var body = new MemoryStream();
        Int16(body, (short)columns.Count);
        for (var i = 0; i < columns.Count; i++)
            Value(body, columns[i], values[i], FormatOf(formats, i) == 1);
        return Messages.Of(ServerMessage.DataRow, body.ToArray());
    }

    static void Value(MemoryStream body, ConsoleColumn column, string? value, bool isBinary)
    {
        if (value is null)
        {
            Int32(body, -1);
        }
        else if (isBinary && column.Kind == ColumnKind.Int4)
        {
            Int32(body, sizeof(int));
            Int32(body, int.Parse(value, CultureInfo.InvariantCulture));
        }
        else if (isBinary && column.Kind == ColumnKind.Int8)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, long.Parse(value, CultureInfo.InvariantCulture));
            Int32(body, sizeof(long));
            body.Write(bytes);
        }
        else
        {
            var text = Encoding.UTF8.GetBytes(value);
            Int32(body, text.Length);
            body.Write(text);
        }
    }

    public static byte[] Complete(string tag) =>
        Messages.Of(ServerMessage.CommandComplete, Encoding.UTF8.GetBytes(tag + "\0"));

    public static byte[] Notice(string text)
    {
        var notice = ErrorResponse.Of("NOTICE", "00000", text);
        notice[0] = ServerMessage.Notice;
        return notice;
    }

    static void Int16(MemoryStream body, short value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        body.Write(bytes);
    }

    static void Int32(MemoryStream body, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        body.Write(bytes);
    }
}
