using System.Buffers;
using System.Runtime.CompilerServices;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// Collects what a connection says, for code that waits for it: a login. Reads no more than its limit ahead. On the
/// loop's thread only, with one waiter at a time.
/// </summary>
internal sealed class Inbox : ConnectionUser, IDisposable
{
    /// <summary>No message of a login is longer; a peer that sends on is not read any further.</summary>
    public const int BytesMax = 128 * 1024;

    byte[] _bytes = [];
    int _from, _to;
    bool _hasEnded, _hasMore;
    Action? _waiting;

    /// <summary>Paused by its inbox while that is full.</summary>
    public Connection? Connection { get; set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_from, _to - _from);

    /// <summary>Completes when there is more to see than now; false: nothing more comes.</summary>
    public More MoreAsync()
    {
        _hasMore = false;
        return new(this);
    }

    /// <summary>Whoever waits goes on where the bytes come in, which is on the loop: a task for each wait of each login
    /// would cost more than the wait.</summary>
    public readonly struct More(Inbox inbox) : ICriticalNotifyCompletion
    {
        public More GetAwaiter() => this;
        public bool IsCompleted => inbox._hasEnded || inbox.Bytes.Length >= BytesMax;
        public bool GetResult() => inbox._hasMore;
        public void OnCompleted(Action continuation) => inbox.Wait(continuation);
        public void UnsafeOnCompleted(Action continuation) => inbox.Wait(continuation);
    }

    void Wait(Action then)
    {
        _waiting = then;
        Connection?.Resume();
    }

    public void Drop(int bytes)
    {
        _from += bytes;
        if (_from == _to)
            (_from, _to) = (0, 0);
    }

    /// <summary>Whoever waits is told that nothing more comes: its time is up.</summary>
    public void GiveUp()
    {
        _hasEnded = true;
        Wake(false);
    }

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        if (_to + bytes.Length > _bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Bytes.Length + bytes.Length);
            Bytes.CopyTo(larger);
            var count = Bytes.Length;
            Dispose();
            (_bytes, _to) = (larger, count);
        }
        bytes.CopyTo(_bytes.AsSpan(_to));
        _to += bytes.Length;
        Connection?.Pause();
        Wake(true);
    }

    public override void OnDrained()
    {
        // A login's answers are short.
    }

    public override void OnEnded()
    {
        _hasEnded = true;
        Wake(false);
    }

    void Wake(bool hasMore)
    {
        _hasMore = hasMore;
        var waiting = _waiting;
        _waiting = null;
        waiting?.Invoke();
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _from, _to) = ([], 0, 0);
    }
}
