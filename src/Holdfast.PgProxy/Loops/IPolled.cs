namespace Holdfast.PgProxy.Loops;

/// <summary>Something that a loop waits for. On the loop's thread.</summary>
internal interface IPolled
{
    /// <summary>Its place and generation, as its events carry them.</summary>
    ulong Data { get; }

    void OnEvents(uint events);

    /// <summary>It threw: it is of no use any more.</summary>
    void Fail();

    void Close();
}
