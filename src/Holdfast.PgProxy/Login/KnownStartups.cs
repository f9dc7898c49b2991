using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>Startup messages that were read before: clients that come and go say the same each time. On the loop's
/// thread only.</summary>
internal sealed class KnownStartups
{
    /// <summary>More kinds, or longer ones, are read anew.</summary>
    const int CountMax = 256, BytesMax = 512;

    readonly Dictionary<byte[], StartupParameters> _known = new(ByteComparer.Instance);

    /// <inheritdoc cref="StartupParameters.Read"/>
    public StartupParameters? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length > BytesMax)
            return StartupParameters.Read(packet);
        var byBytes = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (byBytes.TryGetValue(packet, out var known))
            return known;
        if (StartupParameters.Read(packet) is not { } read)
            return null;
        if (_known.Count >= CountMax)
            _known.Clear();
        byBytes[packet] = read;
        return read;
    }
}
