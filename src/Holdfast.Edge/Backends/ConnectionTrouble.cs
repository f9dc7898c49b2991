namespace Holdfast.Edge.Backends;

/// <summary>No connection came about: nothing of the request was sent.</summary>
internal sealed class NotConnectedException(string message, Exception inner) : IOException(message, inner);

/// <summary>A kept connection turned out to be closed before anything of the request was sent.</summary>
internal sealed class StaleConnectionException(string message, Exception? inner = null) : IOException(message, inner);
