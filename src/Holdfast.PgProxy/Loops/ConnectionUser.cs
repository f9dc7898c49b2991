namespace Holdfast.PgProxy.Loops;

/// <summary>Whoever a connection tells what happens to it. On its loop's thread; may close it from within.</summary>
/// <remarks>A class, as is <see cref="Polled"/>: there are several kinds of each, and a call through an interface with
/// several implementations goes through a table of stubs.</remarks>
internal abstract class ConnectionUser
{
    /// <summary>Takes all of them: the memory is used again after the call.</summary>
    public abstract void OnBytes(ReadOnlySpan<byte> bytes);

    /// <summary>All that waited to be sent is with the kernel.</summary>
    public abstract void OnDrained();

    /// <summary>The peer closed its side, or the connection broke: nothing more comes. Once; the user closes.</summary>
    public abstract void OnEnded();
}
