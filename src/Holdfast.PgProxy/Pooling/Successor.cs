using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Pooling;

/// <summary>A session with who is about to become primary. It has nothing to say before it is given to a client: one
/// that speaks, or ends, is of no use. On the loop's thread only.</summary>
internal sealed class Successor : ConnectionUser
{
    readonly LoggedIn _loggedIn;
    readonly Action<Successor> _spoiled;

    /// <param name="standby">As it was named.</param>
    /// <param name="loggedIn">Ours from now on.</param>
    /// <param name="spoiled">It has closed itself.</param>
    public Successor(Server standby, LoggedIn loggedIn, Action<Successor> spoiled)
    {
        (Standby, _loggedIn, _spoiled) = (standby, loggedIn, spoiled);
        loggedIn.Connection.User = this;
        loggedIn.Connection.Resume();
    }

    public Server Standby { get; }

    /// <summary>As a session with a primary. PostgreSQL itself says so only with its next answer (guc.c,
    /// ReportChangedGUCOptions).</summary>
    public LoggedIn Promoted() => _loggedIn with
    {
        Reported = [.. _loggedIn.Reported.Select(pair => pair.Key == "in_hot_standby" ? new(pair.Key, "off") : pair)],
    };

    public void Close()
    {
        _loggedIn.Connection.Send(Messages.Terminate);
        _loggedIn.Connection.Close();
    }

    public override void OnBytes(ReadOnlySpan<byte> bytes) => OnEnded();

    public override void OnDrained()
    {
        // Nothing is sent.
    }

    public override void OnEnded()
    {
        Close();
        _spoiled(this);
    }
}
