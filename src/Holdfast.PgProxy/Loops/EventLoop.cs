using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Holdfast.Foundation;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// One thread that waits for its sockets and serves whichever is ready. All that belongs to a loop is touched by its
/// thread alone; others <see cref="Post(Action)"/>. Asynchronous code that begins on the loop goes on there: the loop
/// is its thread's synchronization context.
/// </summary>
internal sealed unsafe class EventLoop : SynchronizationContext, IDisposable
{
    /// <summary>Room for one read of a socket, and for what is put together out of pieces.</summary>
    public const int BufferBytes = 64 * 1024;

    /// <summary>How often <see cref="Tick"/> comes: limits are met within this much.</summary>
    public static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(100);

    const int EventsMax = 256, FewAtFirst = 64;

    /// <summary>What the events of these two carry: no place has it.</summary>
    const ulong WakeData = 0, TickData = 1;

    /// <summary>After so many turns with one event at most it is likely that one socket alone is served in the
    /// next.</summary>
    const int LoneTurns = 8;

    readonly int _epoll, _wake, _ticker;
    readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(EventsMax * Libc.EventBytes));
    readonly ConcurrentQueue<(SendOrPostCallback Work, object? State)> _posts = new();
    Polled?[] _polled = new Polled?[FewAtFirst];
    readonly Stack<int> _free = new();
    int _places = 1; // The first is the wake-up's.
    List<ulong> _again = [], _served = [];
    readonly Thread _thread;
    readonly ILogger _log;
    long _generation;
    int _woken, _loneTurns;
    bool _hasOwnPosts, _isTick;
    volatile bool _stopping;

    /// <param name="number">Of the loops.</param>
    /// <param name="log">Told of what broke.</param>
    /// <param name="sendsTogether">False: as where the kernel lets nobody send several pieces in one call.</param>
    /// <exception cref="IOException">The kernel gives no epoll.</exception>
    public EventLoop(int number, ILogger log, bool sendsTogether = true)
    {
        _log = log;
        Number = number;
        Sends = new SendBatch(sendsTogether);
        _epoll = Libc.EpollCreate(Libc.CloseOnExec);
        _wake = Libc.EventFd(0, Libc.CloseOnExec | Libc.NonBlocking);
        _ticker = Libc.BootTimer(Libc.CloseOnExec | Libc.NonBlocking);
        if (_epoll < 0 || _wake < 0 || _ticker < 0)
            throw new IOException($"no epoll: error {Libc.LastError}");
        Control(Libc.EpollAdd, _wake, Libc.In, WakeData);
        Control(Libc.EpollAdd, _ticker, Libc.In, TickData);
        _thread = new Thread(Run) { IsBackground = true, Name = $"pgproxy {number}" };
    }

    public int Number { get; }

    /// <summary>CLOCK_BOOTTIME when this turn of the loop began.</summary>
    public TimeSpan Now { get; private set; } = BootClock.Now;

    /// <summary>How many turns there were, this one counted.</summary>
    public long Turns { get; private set; }

    /// <summary>What a socket is read into: good until the next read of any.</summary>
    public byte* Input { get; } = (byte*)NativeMemory.Alloc(BufferBytes);

    /// <summary>For whoever puts a message together; empty between two calls.</summary>
    public byte[] Staging { get; } = GC.AllocateUninitializedArray<byte>(2 * BufferBytes, pinned: true);

    /// <summary>What this turn sends: goes at its end.</summary>
    internal SendBatch Sends { get; }

    public event Action? Tick;

    public void Start() => _thread.Start();

    /// <summary>On the loop's thread, in order. From any thread.</summary>
    public void Post(Action work) => Post(static state => ((Action)state!)(), work);

    public override void Post(SendOrPostCallback d, object? state)
    {
        _posts.Enqueue((d, state));
        // Looked for before it waits: no call of the kernel is needed for that.
        if (IsHere)
            _hasOwnPosts = true;
        else
            Wake();
    }

    void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) != 0)
            return;
        var one = 1ul;
        Libc.Write(_wake, (byte*)&one, sizeof(ulong));
    }

    public bool IsHere => Thread.CurrentThread == _thread;

    /// <summary>Gives a socket its place, which its events carry.</summary>
    internal (int Slot, ulong Data) Add(Polled polled)
    {
        Check.That(IsHere);
        var slot = _free.TryPop(out var free) ? free : _places++;
        if (slot == _polled.Length)
            Array.Resize(ref _polled, 2 * slot);
        _polled[slot] = polled;
        return (slot, ((ulong)(uint)++_generation << 32) | (uint)slot);
    }

    /// <summary>Its turn comes once more, before the loop waits.</summary>
    internal void Again(Polled polled) => _again.Add(polled.Data);

    internal void Remove(int slot)
    {
        _polled[slot] = null;
        _free.Push(slot);
    }

    internal void Control(int operation, int socket, uint events, ulong data)
    {
        var change = stackalloc byte[16];
        *(uint*)change = events;
        *(ulong*)(change + Libc.EventDataAt) = data;
        if (Libc.EpollControl(_epoll, operation, socket, change) == 0)
            return;
        var error = Libc.ErrorNow;
        throw new IOException($"epoll does not take a socket: error {error}");
    }

    void Run()
    {
        SetSynchronizationContext(this);
        StartTicking();
        while (!_stopping)
            Turn();
    }

    // By a timer of its own: a wait with a limit would set one up and take it back each time.
    void StartTicking()
    {
        var nanoseconds = (long)TickEvery.TotalNanoseconds;
        var times = stackalloc long[4] { 0, nanoseconds, 0, nanoseconds };
        Check.That(Libc.SetTimer(_ticker, 0, times, null) == 0);
    }

    // A method of its own: what is called often is compiled anew, better; a loop that never ends is not.
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Turn()
    {
        const int forEver = -1;
        var count = Libc.EpollWait(_epoll, _events, EventsMax, _again.Count == 0 && !_hasOwnPosts ? forEver : 0);
        Now = BootClock.Now;
        Turns++;
        _loneTurns = count <= 1 ? _loneTurns + 1 : 0;
        Sends.IsHeld = _loneTurns < LoneTurns;
        for (var i = 0; i < count; i++)
        {
            FetchAhead(i, count);
            Serve(_events + (i * Libc.EventBytes));
        }
        ServeAgain();
        RunPosts();
        if (_isTick)
            Guard(static loop => ((EventLoop)loop!).Tick?.Invoke(), this);
        _isTick = false;
        Sends.Submit();
    }

    // With a thousand sockets nothing of one is in the processor's caches when its turn comes: it is fetched while
    // those before it are served.
    void FetchAhead(int at, int count)
    {
        if (!Sse.IsSupported)
            return;
        if (at + 2 < count)
            Fetch(PolledOf(at + 2));
        if (at + 1 < count && PolledOf(at + 1) is Connection next)
            Fetch(next.User);
    }

    Polled? PolledOf(int at) => _polled[(int)*(uint*)(_events + (at * Libc.EventBytes) + Libc.EventDataAt)];

    static void Fetch(object? thing)
    {
        const int lineBytes = 64;
        var start = (byte*)Unsafe.As<object?, nint>(ref thing);
        Sse.Prefetch0(start);
        Sse.Prefetch0(start + lineBytes);
    }

    void Serve(byte* ready)
    {
        var data = *(ulong*)(ready + Libc.EventDataAt);
        if (data <= TickData)
        {
            ulong count;
            Libc.Read(data == WakeData ? _wake : _ticker, (byte*)&count, sizeof(ulong));
            _isTick |= data == TickData;
            return;
        }
        Serve(data, *(uint*)ready);
    }

    /// <summary>Gives those their turn that <see cref="Again"/> was asked for.</summary>
    internal void ServeAgain()
    {
        if (_again.Count == 0)
            return;
        (_again, _served) = (_served, _again);
        foreach (var data in _served)
            Serve(data, events: 0);
        _served.Clear();
    }

    // One that was closed earlier in this turn may still have an event: its place is empty by now, or another's.
    void Serve(ulong data, uint events)
    {
        if (_polled[(int)(uint)data] is not { } polled || polled.Data != data)
            return;
        try
        {
            polled.OnEvents(events);
        }
        catch (Exception broken)
        {
            _log.LoopFailed(Number, broken);
            Guard(static broken => ((Polled)broken!).Fail(), polled);
        }
    }

    void RunPosts()
    {
        // Whatever is posted after this look wakes us again.
        var isWoken = Volatile.Read(ref _woken) != 0 && Interlocked.Exchange(ref _woken, 0) != 0;
        if (!isWoken && !_hasOwnPosts)
            return;
        // What is posted meanwhile has its turn after the sockets.
        for (var count = _posts.Count; count > 0 && _posts.TryDequeue(out var post); count--)
            Guard(post.Work, post.State);
        _hasOwnPosts = !_posts.IsEmpty;
    }

    /// <summary>Runs what belongs to the loop, from code that has left its context.</summary>
    internal void Enter(Action work)
    {
        var context = Current;
        SetSynchronizationContext(this);
        work();
        SetSynchronizationContext(context);
    }

    internal void Report(Exception broken) => _log.LoopFailed(Number, broken);

    void Guard(SendOrPostCallback work, object? state)
    {
        try
        {
            work(state);
        }
        catch (Exception broken)
        {
            _log.LoopFailed(Number, broken);
        }
    }

    /// <summary>Ends the thread; from another one. What is still posted is forgotten.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        Post(static _ => { }, null);
        if (_thread.IsAlive)
            _thread.Join();
        for (var slot = 0; slot < _places; slot++)
            _polled[slot]?.Close();
        Libc.Close(_epoll);
        Libc.Close(_ticker);
        // _wake stays: who posts late would write eight bytes into whatever has its number by then.
        NativeMemory.Free(_events);
        NativeMemory.Free(Input);
        Sends.Dispose();
    }
}
