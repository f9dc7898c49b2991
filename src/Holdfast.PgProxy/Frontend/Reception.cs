using Holdfast.PgProxy.Backend;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Frontend;

/// <summary>What a client meets behind its port.</summary>
internal sealed record Reception(
    Port Port, ProxySettings Settings, Dialer Dialer, LinkRegistry Links, CancelForwarder Cancels);
