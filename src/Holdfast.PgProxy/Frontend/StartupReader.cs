using System.Buffers;
using System.Net.Sockets;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Frontend;

/// <summary>Takes the untagged packets off the front of a client's stream, one after the other.</summary>
internal sealed class StartupReader(Socket client) : IDisposable
{
    readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(ProxyLimits.RelayBytes);
    int _from;
    int _to;

    /// <summary>The packet read last.</summary>
    public StartupPacket Packet { get; private set; }

    /// <summary>Its bytes, until the next read.</summary>
    public ReadOnlyMemory<byte> PacketBytes => _buffer.AsMemory(_from - Packet.Bytes, Packet.Bytes);

    /// <summary>What the client has sent after it.</summary>
    public ReadOnlyMemory<byte> Rest => _buffer.AsMemory(_from, _to - _from);

    /// <summary>The packet and the rest.</summary>
    public ReadOnlyMemory<byte> All => _buffer.AsMemory(_from - Packet.Bytes, _to - _from + Packet.Bytes);

    /// <summary><see cref="StartupRead.NeedMore"/>: the client closed before a whole packet.</summary>
    public async Task<StartupRead> NextAsync(CancellationToken stop)
    {
        while (true)
        {
            var read = StartupPacket.Read(Rest.Span, out var packet);
            if (read == StartupRead.Whole)
            {
                Packet = packet;
                _from += packet.Bytes;
            }
            if (read != StartupRead.NeedMore)
                return read;
            MakeRoom();
            var count = await client.ReceiveAsync(_buffer.AsMemory(_to), stop);
            if (count == 0)
                return StartupRead.NeedMore;
            _to += count;
        }
    }

    void MakeRoom()
    {
        Rest.CopyTo(_buffer);
        (_from, _to) = (0, _to - _from);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
