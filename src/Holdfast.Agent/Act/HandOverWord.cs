using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Act;

/// <summary>What the proxies are told of one hand over: to whom from the beginning, and that it begins once the job
/// wants them to hold their clients. The loop, which owns the member key, publishes both, and says when the store had
/// the latter. Safe from any thread.</summary>
internal sealed class HandOverWord(NodeName candidate)
{
    volatile bool _isWanted, _isTold;

    public NodeName Candidate => candidate;

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
