using System.Text;

namespace Holdfast.Store.Etcd;

/// <summary>Keys as etcd wants them: bytes, and half-open ranges of bytes (etcd API reference, Key ranges).</summary>
static class KeyRange
{
    public static byte[] Bytes(string key) => Encoding.UTF8.GetBytes(key);

    /// <summary>The first key after all that begin with <paramref name="prefix"/>: the last byte below 255 raised
    /// by one.</summary>
    public static byte[] EndOf(string prefix)
    {
        var bytes = Bytes(prefix);
        for (var last = bytes.Length - 1; last >= 0; last--)
        {
            if (bytes[last] == byte.MaxValue)
                continue;
            bytes[last]++;
            return bytes[..(last + 1)];
        }
        return [0]; // Every key from the prefix on.
    }

    public static KeyValue Read(KeyValueAnswer pair) =>
        new(Text(pair.Key), Text(pair.Value), pair.CreateRevision, pair.ModRevision, pair.Lease);

    static string Text(byte[]? bytes) => bytes is null ? "" : Encoding.UTF8.GetString(bytes);
}
