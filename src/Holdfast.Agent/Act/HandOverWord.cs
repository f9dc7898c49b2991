namespace Holdfast.Agent.Act;

/// <summary>What the proxies are told of one hand over. The job asks for the word, and the loop, which owns the member
/// key, publishes it and says when the store had it. Safe from any thread.</summary>
internal sealed class HandOverWord
{
    // Asynchronously: whoever waits must not run in the middle of the loop's turn.
    readonly TaskCompletionSource<TimeSpan> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile bool _isWanted;

    /// <summary>The member key should say that this primary hands over.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>CLOCK_BOOTTIME at which the store had the word.</summary>
    public Task<TimeSpan> WhenTold => _told.Task;

    public void Want() => _isWanted = true;

    /// <summary>The next turn publishes the key without it.</summary>
    public void Withdraw() => _isWanted = false;

    /// <summary>By the loop, once the store acknowledged the key.</summary>
    public void Told(TimeSpan at) => _told.TrySetResult(at);
}
