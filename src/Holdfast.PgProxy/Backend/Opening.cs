namespace Holdfast.PgProxy.Backend;

/// <summary>What a client said to open its session; sent again to another server until one has answered.</summary>
/// <param name="Bytes">As the client sent them.</param>
/// <param name="IsSslRequest">The answer is one byte, S or N; else it is a message.</param>
/// <param name="Spare">A connection that has declined TLS and waits for the startup message; or null.</param>
internal sealed record Opening(ReadOnlyMemory<byte> Bytes, bool IsSslRequest, BackendLink? Spare);
