namespace Holdfast.PgProxy.Pooling;

/// <summary>One loop's part of a pool at one moment.</summary>
/// <param name="Key">Of the pool.</param>
/// <param name="Settings">Of the pool.</param>
/// <param name="Clients">Logged in, those that wait included.</param>
/// <param name="Waiting">For a server.</param>
/// <param name="Newcomers">Logging in, before any server has said what it is.</param>
/// <param name="OldestWait">How long the first in line has waited; zero: nobody waits.</param>
/// <param name="Active">Servers that a client has.</param>
/// <param name="Idle">Servers at rest.</param>
/// <param name="Resetting">Servers that nobody has and that are not at rest.</param>
/// <param name="Logins">Under way.</param>
/// <param name="Cancelled">Servers that a cancel request is on its way to.</param>
/// <param name="Old">Servers that are to be closed once at rest.</param>
/// <param name="Pinned">Clients that keep their server.</param>
internal readonly record struct PoolFacts(
    PoolKey Key, PoolSettings Settings, int Clients, int Waiting, int Newcomers, TimeSpan OldestWait, int Active,
    int Idle, int Resetting, int Logins, int Cancelled, int Old, int Pinned)
{
    public int Servers => Active + Idle + Resetting;

    /// <summary>Both together, under the first one's key.</summary>
    public PoolFacts And(PoolFacts other) => new(
        Key, Settings, Clients + other.Clients, Waiting + other.Waiting, Newcomers + other.Newcomers,
        OldestWait > other.OldestWait ? OldestWait : other.OldestWait, Active + other.Active, Idle + other.Idle,
        Resetting + other.Resetting, Logins + other.Logins, Cancelled + other.Cancelled, Old + other.Old,
        Pinned + other.Pinned);
}
