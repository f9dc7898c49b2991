using System.Buffers.Binary;
using System.Text;
using Holdfast.Doubles.PgProxy;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>The messages of a client (PostgreSQL manual, Message Formats), whole.</summary>
static class Say
{
    public static readonly byte[] Sync = FakePostgres.Message('S', []);
    public static readonly byte[] Flush = FakePostgres.Message('H', []);
    public static readonly byte[] CopyDone = FakePostgres.Message('c', []);
    public static readonly byte[] Terminate = FakePostgres.Message('X', []);

    public static byte[] Query(string sql) => FakePostgres.Message('Q', Text(sql));

    public static byte[] Parse(string statement, string sql, params int[] types)
    {
        var body = new List<byte>([.. Text(statement), .. Text(sql), .. Short(types.Length)]);
        foreach (var type in types)
            body.AddRange(Int(type));
        return FakePostgres.Message('P', [.. body]);
    }

    /// <summary>Values as text, null for NULL; the portal has no name.</summary>
    public static byte[] Bind(string statement, params string?[] values) => BindTo("", statement, values);

    public static byte[] BindTo(string portal, string statement, params string?[] values) => Bound(
        portal, statement, isBinary: false,
        [.. values.Select(value => value is null ? null : Encoding.UTF8.GetBytes(value))]);

    /// <summary>Values, and results, in binary where asked for.</summary>
    public static byte[] Bound(string portal, string statement, bool isBinary, params byte[]?[] values)
    {
        byte[] format = isBinary ? [.. Short(1), .. Short(1)] : [.. Short(0)];
        var body = new List<byte>([.. Text(portal), .. Text(statement), .. format, .. Short(values.Length)]);
        foreach (var value in values)
        {
            body.AddRange(Int(value?.Length ?? -1));
            body.AddRange(value ?? []);
        }
        return FakePostgres.Message('B', [.. body, .. format]);
    }

    public static byte[] Execute(string portal = "", int rowsMax = 0) =>
        FakePostgres.Message('E', [.. Text(portal), .. Int(rowsMax)]);

    public static byte[] Describe(string statement) => FakePostgres.Message('D', [(byte)'S', .. Text(statement)]);
    public static byte[] DescribePortal(string portal) => FakePostgres.Message('D', [(byte)'P', .. Text(portal)]);
    public static byte[] Close(string statement) => FakePostgres.Message('C', [(byte)'S', .. Text(statement)]);
    public static byte[] ClosePortal(string portal) => FakePostgres.Message('C', [(byte)'P', .. Text(portal)]);
    public static byte[] CopyData(string text) => FakePostgres.Message('d', Encoding.UTF8.GetBytes(text));
    public static byte[] CopyFail(string why) => FakePostgres.Message('f', Text(why));

    /// <summary>Of a function by its number, with values as text.</summary>
    public static byte[] Call(int function, params string[] values)
    {
        var body = new List<byte>([.. Int(function), .. Short(0), .. Short(values.Length)]);
        foreach (var value in values)
        {
            body.AddRange(Int(value.Length));
            body.AddRange(Encoding.UTF8.GetBytes(value));
        }
        return FakePostgres.Message('F', [.. body, .. Short(0)]);
    }

    public static byte[] All(params byte[][] messages) => [.. messages.SelectMany(message => message)];

    static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + "\0");

    static byte[] Int(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    static byte[] Short(int value)
    {
        var bytes = new byte[sizeof(short)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }
}
