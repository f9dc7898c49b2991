using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Backend;

/// <summary>What came of the search for a server.</summary>
internal abstract record Dialed
{
    /// <param name="Link">Registered; its first answer is in the caller's buffer, and not forwarded yet.</param>
    /// <param name="AnswerBytes">How much of the buffer that is.</param>
    /// <param name="Login">Has read that answer; null if it is not a login in the clear.</param>
    public sealed record Connected(BackendLink Link, int AnswerBytes, LoginWatch? Login) : Dialed;

    /// <param name="Reason">HoldTimeout, Draining or ClientGoneWhileHeld.</param>
    /// <param name="Why">For the client.</param>
    public sealed record Nobody(CloseReason Reason, string Why) : Dialed;
}
