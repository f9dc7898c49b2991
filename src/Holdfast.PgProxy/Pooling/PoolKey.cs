using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Pooling;

/// <summary>Clients that may share servers.</summary>
/// <param name="Port">Where they came in.</param>
/// <param name="Database">As they named it.</param>
/// <param name="User">As they named it.</param>
/// <param name="Settings">Those of their startup that the proxy does not keep for them, as the server is to be told:
/// name, zero, value, zero, by name.</param>
internal sealed record PoolKey(Port Port, string Database, string User, string Settings);
