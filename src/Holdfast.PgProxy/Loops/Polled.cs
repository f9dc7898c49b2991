namespace Holdfast.PgProxy.Loops;

/// <summary>Something that a loop waits for. On the loop's thread.</summary>
internal abstract class Polled
{
    /// <summary>Its place and generation, as its events carry them.</summary>
    public ulong Data { get; protected set; }

    /// <param name="events">As epoll has them; 0: its turn has come again (<see cref="EventLoop.Again"/>).</param>
    public abstract void OnEvents(uint events);

    /// <summary>It threw: it is of no use any more.</summary>
    public abstract void Fail();

    public abstract void Close();
}
