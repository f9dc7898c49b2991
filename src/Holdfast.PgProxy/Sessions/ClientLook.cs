using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What others see of it.</summary>
internal sealed partial class ClientSession
{
    TimeSpan _asked;

    /// <summary>Null until its login is over.</summary>
    public ClientCard? Card { get; set; }

    public PoolKey Key => _pool.Shared.Key;

    /// <summary>Tells it from all others of this proxy; in PgBouncer's place of a pointer.</summary>
    public long Id => IdOf(Worker, Card?.Process ?? 0);

    public static long IdOf(Worker worker, int process) => ((long)(worker.Loop.Number + 1) << 32) | (uint)process;

    // It has said something.
    void Heard(int bytes)
    {
        _pool.Counts.ClientBytes += bytes;
        _asked = Worker.Loop.Now;
    }

    /// <summary>Null: it is not quite there yet.</summary>
    public ClientFacts? Look() => Card is null ? null : new ClientFacts(
        Key, Card, Connection.Local, IsWaiting ? Worker.Loop.Now - Place.Value.Since : null,
        _asked > Card.Born ? _asked : Card.Born, Id, Server?.Id, Parameters.Application,
        IsPinned ? PinnedBy : PinReason.None);
}
