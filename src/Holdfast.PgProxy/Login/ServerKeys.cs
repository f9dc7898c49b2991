using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What the proxy logs in with on a client's behalf.</summary>
/// <param name="Password">In clear; or null.</param>
/// <param name="Scram">What the client's own proof has shown; or null.</param>
/// <param name="Md5">PostgreSQL's old hash; or null.</param>
internal sealed record ServerKeys(KnownPassword? Password, ScramKeys? Scram, string? Md5)
{
    /// <summary>For servers that ask nothing.</summary>
    public static readonly ServerKeys None = new(null, null, null);
}
