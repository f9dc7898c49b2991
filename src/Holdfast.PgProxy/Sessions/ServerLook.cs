using System.Buffers.Binary;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What others see of it.</summary>
internal sealed partial class ServerSession
{
    int Process => _keyData.Length >= sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(_keyData) : 0;

    /// <summary>Tells it from all others of this proxy; in PgBouncer's place of a pointer.</summary>
    public long Id => ClientSession.IdOf(_pool.Worker, Process);

    public ServerFacts Look() => new(
        _pool.Shared.Key, Server, Connection.Local, Born, Client is null ? IdleSince : _pool.Worker.Loop.Now, Id,
        Client?.Id, Process, Parameters.Application, IsAtRest, IsInTransaction, CancelsUnderWay > 0,
        IsSuspect || Born < _pool.Shared.Orders.OldBefore);
}
