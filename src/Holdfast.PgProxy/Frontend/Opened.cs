using Holdfast.PgProxy.Backend;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Frontend;

/// <summary>How a client's first packets ended.</summary>
internal abstract record Opened
{
    /// <summary>Without a session.</summary>
    public sealed record Ended(CloseReason Reason) : Opened;

    /// <summary>The server of the session has answered; from here on its bytes are relayed.</summary>
    public sealed record Session(BackendLink Link, LoginWatch? Login) : Opened;
}
