namespace Holdfast.Agent.Act;

/// <summary>What the proxies are told of one hand over. The job asks for the word, and the loop, which owns the member
/// key, publishes it and says when the store had it. Safe from any thread.</summary>
internal sealed class HandOverWord
{
    volatile bool _isWanted, _isTold;

    /// <summary>The member key should say that this primary hands over.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>The store has acknowledged it.</summary>
    public bool IsTold => _isTold;

    public void Want() => _isWanted = true;

    /// <summary>The next turn publishes the key without it.</summary>
    public void Withdraw() => _isWanted = false;

    /// <summary>By the loop.</summary>
    public void Told() => _isTold = true;
}
