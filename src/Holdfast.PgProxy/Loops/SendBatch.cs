using System.Runtime.InteropServices;
using Holdfast.Foundation;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// The short pieces that a turn of the loop sends, in one call of the kernel: whoever is woken by it runs when all of
/// it is sent. With a call for each, one in four cost us the processor: whom it had woken ran, while the others waited
/// for us. On the loop's thread only.
/// </summary>
/// <remarks>By io_submit(2): a write to a socket is carried out within the call, and what became of it is in memory
/// that the kernel shares with us. It is tried once; where that does not work (a kernel, or a sandbox, without it;
/// fs.aio-max-nr), nothing is taken, and each piece is sent by itself.</remarks>
internal sealed unsafe class SendBatch : IDisposable
{
    /// <summary>Longer pieces are sent by themselves: they are not worth a copy.</summary>
    public const int PieceBytesMax = 2048;

    const int PiecesMax = 128, BytesMax = 64 * 1024;

    /// <summary>IOCB_CMD_PWRITE.</summary>
    const ushort Write = 1;

    /// <summary>AIO_RING_MAGIC.</summary>
    const uint RingMagic = 0xa10a10a1;

    readonly byte* _bytes = (byte*)NativeMemory.Alloc(BytesMax);
    readonly Piece* _pieces = (Piece*)NativeMemory.AllocZeroed((nuint)(PiecesMax * sizeof(Piece)));
    readonly Piece** _order = (Piece**)NativeMemory.Alloc((nuint)(PiecesMax * sizeof(Piece*)));
    readonly Connection?[] _connections = new Connection?[PiecesMax];
    nint _context;
    int _count, _used;

    /// <param name="isAllowed">False: everything is sent by itself.</param>
    public SendBatch(bool isAllowed)
    {
        for (var number = 0; number < PiecesMax; number++)
            _order[number] = _pieces + number;
        nint context = 0;
        if (!isAllowed || Libc.AioSetup(PiecesMax, &context) != 0)
            return;
        _context = context;
        if (!Works())
            Leave();
    }

    /// <summary>Short pieces are taken.</summary>
    public bool IsAtWork => _context != 0;

    /// <summary>They wait for the turn's end. Not where it is likely that none comes to a first one: whoever waits for
    /// that had better run while we note down what we have done.</summary>
    public bool IsHeld { get; set; } = true;

    // struct iocb and struct io_event of a little-endian machine (linux/aio_abi.h).
    [StructLayout(LayoutKind.Sequential)]
    struct Piece
    {
        public ulong Number;
        public uint Key, WriteFlags;
        public ushort Operation;
        public short Priority;
        public int Socket;
        public byte* Bytes;
        public ulong Count;
        public long Offset;
        public ulong Reserved;
        public uint Flags, EventSocket;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Outcome
    {
        public ulong Number, Piece;
        public long Result, More;
    }

    // struct aio_ring, which the context's number points to (fs/aio.c): outcomes are taken from its head.
    [StructLayout(LayoutKind.Sequential)]
    struct Ring
    {
        public uint Id, Count, Head, Tail, Magic, CompatibleFeatures, IncompatibleFeatures, HeaderBytes;
    }

    // One byte from us to us.
    bool Works()
    {
        var pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.Local, Libc.Datagrams | Libc.NonBlocking | Libc.CloseOnExec, 0, pair) != 0)
            return false;
        _pieces[0] = new Piece { Operation = Write, Socket = pair[0], Bytes = _bytes, Count = 1 };
        var works = Libc.AioSubmit(_context, 1, (byte**)_order) == 1 && ((Ring*)_context)->Magic == RingMagic
            && TryTake(out var outcome) && outcome.Result == 1;
        Libc.Close(pair[0]);
        Libc.Close(pair[1]);
        return works;
    }

    bool TryTake(out Outcome outcome)
    {
        var ring = (Ring*)_context;
        var head = ring->Head;
        outcome = default;
        if (head == Volatile.Read(ref ring->Tail))
            return false;
        outcome = ((Outcome*)((byte*)ring + ring->HeaderBytes))[head];
        Volatile.Write(ref ring->Head, (head + 1) % ring->Count);
        return true;
    }

    void Leave()
    {
        Libc.AioDestroy(_context);
        _context = 0;
    }

    /// <summary>The connection hears of it by <see cref="Connection.OnSubmitted"/>, and has none in here.</summary>
    /// <returns>False: it is to be sent by itself.</returns>
    public bool TryAdd(Connection connection, int socket, ReadOnlySpan<byte> bytes)
    {
        if (!IsAtWork || !IsHeld || bytes.Length > PieceBytesMax)
            return false;
        if (_count == PiecesMax || _used + bytes.Length > BytesMax)
            Submit();
        var piece = _pieces + _count;
        *piece = new Piece
        {
            Number = (ulong)_count, Operation = Write, Socket = socket, Bytes = _bytes + _used,
            Count = (ulong)bytes.Length,
        };
        bytes.CopyTo(new Span<byte>(piece->Bytes, bytes.Length));
        _used += bytes.Length;
        _connections[_count++] = connection;
        return true;
    }

    public void Submit()
    {
        if (_count == 1)
            SendAlone(0);
        for (var done = _count == 1 ? 1 : 0; done < _count;)
        {
            var taken = (int)Libc.AioSubmit(_context, _count - done, (byte**)(_order + done));
            if (taken > 0)
                Collect(taken);
            else
                SendAlone(done);
            done += Math.Max(taken, 1);
        }
        (_count, _used) = (0, 0);
    }

    // All of them are there: nothing of a socket is left for later.
    void Collect(int count)
    {
        for (; count > 0; count--)
        {
            Check.That(TryTake(out var outcome));
            Tell((int)outcome.Number, (int)outcome.Result);
        }
    }

    void SendAlone(int number)
    {
        var piece = _pieces + number;
        var sent = (int)Libc.Send(piece->Socket, piece->Bytes, (nint)piece->Count, Libc.NoSignal);
        Tell(number, sent >= 0 ? sent : -Libc.ErrorNow);
    }

    void Tell(int number, int result)
    {
        var piece = _pieces + number;
        var connection = _connections[number]!;
        _connections[number] = null;
        connection.OnSubmitted(new ReadOnlySpan<byte>(piece->Bytes, (int)piece->Count), result);
    }

    public void Dispose()
    {
        if (IsAtWork)
            Leave();
        NativeMemory.Free(_bytes);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_order);
    }
}
