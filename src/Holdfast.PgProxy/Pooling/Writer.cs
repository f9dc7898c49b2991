using System.Net;

namespace Holdfast.PgProxy.Pooling;

/// <summary>Whose writes are to be seen by whose reads: all clients of one machine that are one user of one
/// database.</summary>
internal sealed record Writer(string Database, string User, IPAddress Machine)
{
    public static Writer Of(PoolKey key, IPAddress from) =>
        new(key.Database, key.User, from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from);
}
