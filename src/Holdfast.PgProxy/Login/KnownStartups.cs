using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>Startup messages that were read before: clients that come and go say the same each time. On the loop's
/// thread only.</summary>
internal sealed class KnownStartups
{
    /// <summary>More kinds, or longer ones, are read anew.</summary>
    const int CountMax = 256, BytesMax = 512;

    readonly Dictionary<byte[], KnownStartup> _known = new(ByteComparer.Instance);
    IReadOnlySet<string>? _ignored;

    /// <inheritdoc cref="StartupParameters.Read"/>
    /// <param name="packet">Whole.</param>
    /// <param name="ignored">Settings that are dropped, in small letters; another set makes all forgotten.</param>
    public KnownStartup? Read(ReadOnlySpan<byte> packet, IReadOnlySet<string> ignored)
    {
        if (!ReferenceEquals(_ignored, ignored))
            _known.Clear();
        _ignored = ignored;
        var byBytes = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (byBytes.TryGetValue(packet, out var known))
            return known;
        if (StartupParameters.Read(packet) is not { } read)
            return null;
        known = new KnownStartup(read, ignored);
        if (packet.Length > BytesMax)
            return known;
        if (_known.Count >= CountMax)
            _known.Clear();
        byBytes[packet] = known;
        return known;
    }
}
