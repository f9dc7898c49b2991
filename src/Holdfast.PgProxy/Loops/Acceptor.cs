using System.Net;
using System.Net.Sockets;

namespace Holdfast.PgProxy.Loops;

/// <summary>Takes the connections of a listening socket that other loops take them from, too.</summary>
internal sealed class Acceptor : Polled
{
    /// <summary>Of several loops that wait for one socket, one is woken (epoll_ctl(2), EPOLLEXCLUSIVE).</summary>
    const uint Exclusive = 1u << 28;

    /// <summary>In one turn of the loop, so that a storm of logins does not starve the sessions.</summary>
    const int AtOnceMax = 16;

    readonly EventLoop _loop;
    readonly Socket _listener;
    readonly Action<int, IPEndPoint> _welcome;
    readonly Action<SocketException> _failed;
    readonly int _slot;
    TimeSpan _pausedUntil;
    long _turn;
    bool _isArmed;

    /// <param name="loop">The one that we are on.</param>
    /// <param name="listener">Listens, does not block, and outlives this.</param>
    /// <param name="welcome">Gets the client's socket, which does not block, and where it comes from.</param>
    /// <param name="failed">Told why none could be taken; the next try is after a pause.</param>
    public Acceptor(
        EventLoop loop, Socket listener, Action<int, IPEndPoint> welcome, Action<SocketException> failed)
    {
        (_loop, _listener, _welcome, _failed) = (loop, listener, welcome, failed);
        (_slot, Data) = loop.Add(this);
        loop.Tick += OnTick;
        Arm();
    }

    int Handle => (int)_listener.SafeHandle.DangerousGetHandle();

    // More wait if we are called for turn after turn, most likely; else a look for another finds none.
    public override void OnEvents(uint events)
    {
        var isStorm = _loop.Turns == _turn + 1;
        _turn = _loop.Turns;
        Accept(isStorm ? AtOnceMax : 1);
    }

    /// <summary>Accepts no more. Takes those that wait already: the kernel may have woken us alone for them.</summary>
    public void Finish()
    {
        Disarm();
        Accept(ProxyLimits.Backlog);
        Close();
    }

    void Accept(int atMost)
    {
        try
        {
            for (var count = 0; count < atMost; count++)
            {
                var socket = Sockets.Accept(Handle, out var from);
                if (socket < 0)
                    return;
                _welcome(socket, from!);
                // It has said something already, and waits for the answer.
                _loop.ServeAgain();
            }
        }
        catch (SocketException failed)
        {
            _failed(failed);
            Disarm();
            _pausedUntil = _loop.Now + ProxyLimits.AcceptPause;
        }
    }

    void OnTick()
    {
        if (!_isArmed && _loop.Now >= _pausedUntil)
            Arm();
    }

    void Arm()
    {
        _loop.Control(Libc.EpollAdd, Handle, Libc.In | Exclusive, Data);
        _isArmed = true;
    }

    void Disarm()
    {
        if (_isArmed)
            _loop.Control(Libc.EpollDelete, Handle, 0, Data);
        _isArmed = false;
    }

    public override void Fail()
    {
        // The next client may fare better.
    }

    public override void Close()
    {
        _loop.Tick -= OnTick;
        Disarm();
        _pausedUntil = TimeSpan.MaxValue;
        _loop.Remove(_slot);
    }
}
