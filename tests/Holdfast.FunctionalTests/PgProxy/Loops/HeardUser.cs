using Holdfast.PgProxy.Loops;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>Keeps what its connection told it.</summary>
internal sealed class HeardUser : ConnectionUser
{
    readonly TaskCompletionSource _ended = New(), _drained = New(), _enough = New();

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Ended => _ended.Task;
    public Task Drained => _drained.Task;

    /// <summary>As many bytes came as are wanted.</summary>
    public Task Enough => _enough.Task;

    public int Bytes { get; private set; }
    public int Wanted { get; init; } = 1;
    public Action? OnFirst { get; set; }

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        Bytes += bytes.Length;
        OnFirst?.Invoke();
        OnFirst = null;
        if (Bytes >= Wanted)
            _enough.TrySetResult();
    }

    public override void OnDrained() => _drained.TrySetResult();
    public override void OnEnded() => _ended.TrySetResult();
}
