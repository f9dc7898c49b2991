using System.Net;
using System.Net.Sockets;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Relays;

/// <summary>One host's port: whether it lives, by connecting to it, and which connections of the relay lead
/// there.</summary>
sealed class RelayTarget(IPEndPoint address)
{
    public static readonly TimeSpan ConnectLimit = TimeSpan.FromMilliseconds(300);
    public static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>So many checks in a row must fail before connections are reset.</summary>
    const int FailuresToDie = 2;

    readonly Lock _gate = new();
    readonly HashSet<Splice> _splices = [];
    int _failures = FailuresToDie;

    public bool Lives
    {
        get
        {
            lock (_gate)
                return _failures < FailuresToDie;
        }
    }

    /// <summary>Checks until it is told to stop.</summary>
    public async Task WatchAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(CheckInterval, TimeProvider.System);
        do
        {
            using var probe = await TryConnectAsync(stop);
            Note(answered: probe is not null);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    /// <returns>Null when it did not answer within <see cref="ConnectLimit"/>.</returns>
    public ValueTask<Socket?> TryConnectAsync(CancellationToken stop) => Connecting.TryAsync(
        new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, address,
        ConnectLimit, stop);

    public void Add(Splice splice)
    {
        lock (_gate)
            _ = _splices.Add(splice);
    }

    public void Remove(Splice splice)
    {
        lock (_gate)
            _ = _splices.Remove(splice);
    }

    void Note(bool answered)
    {
        List<Splice> doomed = [];
        lock (_gate)
        {
            _failures = answered ? 0 : Math.Min(_failures + 1, FailuresToDie);
            if (_failures == FailuresToDie)
                doomed.AddRange(_splices);
        }
        foreach (var splice in doomed)
            splice.Reset();
    }
}
