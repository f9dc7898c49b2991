namespace Holdfast.PgProxy.Loops;

/// <summary>Whoever a connection tells what happens to it. On its loop's thread; may close it from within.</summary>
internal interface IConnectionUser
{
    /// <summary>Takes all of them: the memory is used again after the call.</summary>
    void OnBytes(ReadOnlySpan<byte> bytes);

    /// <summary>All that waited to be sent is with the kernel.</summary>
    void OnDrained();

    /// <summary>The peer closed its side, or the connection broke: nothing more comes. Once; the user closes.</summary>
    void OnEnded();
}
