namespace Holdfast.PgProxy.Loops;

/// <summary>Something that a loop waits for. On the loop's thread.</summary>
internal abstract class Polled
{
    /// <summary>Its place and generation, as its events carry them.</summary>
    public ulong Data { get; protected set; }

    public abstract void OnEvents(uint events);

    /// <summary>It threw: it is of no use any more.</summary>
    public abstract void Fail();

    public abstract void Close();
}
