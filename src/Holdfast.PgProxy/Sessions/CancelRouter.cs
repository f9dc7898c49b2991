using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What a client cancels its query with.</summary>
internal readonly record struct CancelKey(int Process, int Secret);

/// <summary>
/// Whose a key is. Eight bits of its process id are of the name of the proxy that gave it, the same for as long as the
/// proxy has its name; the other 55 bits are random. A request for another's key is sent on to whoever may have given
/// it, once: what is sent on bears a mark behind its secret, which may be longer than four bytes since protocol 3.2.
/// Safe from any thread.
/// </summary>
internal sealed class CancelRouter
{
    const int OwnerShift = 23, RandomMask = (1 << OwnerShift) - 1;
    const int KeyAt = 8, PlainBytes = KeyAt + (2 * sizeof(int));
    static readonly byte[] Mark = "holdfast"u8.ToArray();

    readonly NodeName _self;
    readonly byte _own;
    ImmutableArray<ProxyPeer> _peers;

    public CancelRouter(PeerSettings settings)
    {
        (_self, _own) = (settings.Self, OwnerOf(settings.Self));
        Peers = settings.Peers;
    }

    /// <summary>The proxies of the file, this one or not.</summary>
    public ImmutableArray<ProxyPeer> Peers
    {
        get => _peers;
        set => ImmutableInterlocked.InterlockedExchange(ref _peers, value);
    }

    public CancelKey NewKey()
    {
        Span<byte> random = stackalloc byte[2 * sizeof(int)];
        RandomBytes.Fill(random);
        // Clients show the first as a process id: positive.
        return new CancelKey(
            (BinaryPrimitives.ReadInt32BigEndian(random) & RandomMask) | (_own << OwnerShift),
            BinaryPrimitives.ReadInt32BigEndian(random[sizeof(int)..]));
    }

    /// <summary>Whose it may be, for a key that is unknown here. Names may share their eight bits.</summary>
    /// <param name="key">As the client sent it.</param>
    /// <param name="isMarked">It has been sent on already.</param>
    public ImmutableArray<ProxyPeer> OwnersOf(CancelKey key, bool isMarked)
    {
        var owner = (byte)(key.Process >> OwnerShift);
        return isMarked ? [] :
        [
            .. Peers.Where(peer => peer.Name != _self && OwnerOf(peer.Name) == owner)
                .Take(ProxyLimits.CancelTargetsMax),
        ];
    }

    /// <param name="packet">A whole CancelRequest.</param>
    public static (CancelKey Key, bool IsMarked) Read(ReadOnlySpan<byte> packet) =>
        (new CancelKey(
            BinaryPrimitives.ReadInt32BigEndian(packet[KeyAt..]),
            BinaryPrimitives.ReadInt32BigEndian(packet[(KeyAt + sizeof(int))..])),
            packet[PlainBytes..].SequenceEqual(Mark));

    /// <summary>The same request, marked.</summary>
    public static byte[] Marked(ReadOnlySpan<byte> packet)
    {
        byte[] marked = [.. packet[..PlainBytes], .. Mark];
        BinaryPrimitives.WriteInt32BigEndian(marked, marked.Length);
        return marked;
    }

    static byte OwnerOf(NodeName name) => SHA256.HashData(Encoding.UTF8.GetBytes(name.Value))[0];
}
