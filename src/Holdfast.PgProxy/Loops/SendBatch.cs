using System.Runtime.InteropServices;
using Holdfast.Foundation;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// The short pieces that a turn of the loop sends, in one call of the kernel: whoever is woken by it runs when all of
/// it is sent. With a call for each, one in four cost us the processor: whom it had woken ran, while the others waited
/// for us. On the loop's thread only.
/// </summary>
/// <remarks>By io_submit(2): a write to a socket is carried out within the call. Where there is none (a kernel, or a
/// sandbox, without it; fs.aio-max-nr), nothing is taken, and each piece is sent by itself.</remarks>
internal sealed unsafe class SendBatch : IDisposable
{
    /// <summary>Longer pieces are sent by themselves: they are not worth a copy.</summary>
    public const int PieceBytesMax = 2048;

    const int PiecesMax = 128, BytesMax = 64 * 1024;

    /// <summary>To hear what became of a batch: only a signal interrupts one.</summary>
    const int TriesMax = 1000;

    /// <summary>IOCB_CMD_PWRITE.</summary>
    const ushort Write = 1;

    readonly byte* _bytes = (byte*)NativeMemory.Alloc(BytesMax);
    readonly Piece* _pieces = (Piece*)NativeMemory.AllocZeroed((nuint)(PiecesMax * sizeof(Piece)));
    readonly Piece** _order = (Piece**)NativeMemory.Alloc((nuint)(PiecesMax * sizeof(Piece*)));
    readonly Connection?[] _connections = new Connection?[PiecesMax];
    readonly nint _context;
    int _count, _used;

    public SendBatch()
    {
        for (var number = 0; number < PiecesMax; number++)
            _order[number] = _pieces + number;
        nint context = 0;
        _context = Libc.AioSetup(PiecesMax, &context) == 0 ? context : 0;
    }

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

    /// <summary>The connection hears of it by <see cref="Connection.OnSubmitted"/>, and has none in here.</summary>
    /// <returns>False: it is to be sent by itself.</returns>
    public bool TryAdd(Connection connection, int socket, ReadOnlySpan<byte> bytes)
    {
        if (_context == 0 || bytes.Length > PieceBytesMax)
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
        var outcomes = stackalloc Outcome[PiecesMax];
        for (var tries = 0; count > 0; tries++)
        {
            // Nobody could say what was sent: rather no proxy, which is started anew, than one that stands still.
            Check.That(tries < TriesMax);
            var got = (int)Libc.AioEvents(_context, count, PiecesMax, (byte*)outcomes);
            for (var i = 0; i < got; i++)
                Tell((int)outcomes[i].Number, (int)outcomes[i].Result);
            count -= Math.Max(got, 0);
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
        try
        {
            connection.OnSubmitted(new ReadOnlySpan<byte>(piece->Bytes, (int)piece->Count), result);
        }
        catch (IOException)
        {
            connection.Fail(); // Nobody would tell it when the peer reads.
        }
    }

    public void Dispose()
    {
        if (_context != 0)
            Libc.AioDestroy(_context);
        NativeMemory.Free(_bytes);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_order);
    }
}
