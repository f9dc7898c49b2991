using System.Globalization;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres;

namespace Holdfast.PgProxy.Doubt;

/// <summary>
/// Finds out for the clients of a pool what became of their COMMITs, all of them over one connection of its own: a
/// failover leaves many at once. On the loop's thread only.
/// </summary>
internal sealed class CommitInquiry(Worker worker, SharedPool pool)
{
    /// <summary>Between two tries, while there is no primary or it can't be asked.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    readonly List<Open> _open = [];
    bool _isRunning;

    sealed record Open(CommitEvidence Evidence, TimeSpan Until, TaskCompletionSource<CommitVerdict> Asker);

    /// <returns>Never <see cref="CommitVerdict.Open"/>; unknown after the hold timeout.</returns>
    public Task<CommitVerdict> AskAsync(CommitEvidence evidence)
    {
        var open = new Open(
            evidence, worker.Loop.Now + worker.Plane.Settings.HoldTimeout, new TaskCompletionSource<CommitVerdict>());
        _open.Add(open);
        if (!_isRunning)
            _ = RunAsync();
        return open.Asker.Task;
    }

    async Task RunAsync()
    {
        _isRunning = true;
        try
        {
            while (_open.Count > 0)
            {
                var toAsk = Judge();
                if (toAsk.Count > 0)
                    await AskPrimaryAsync(toAsk);
                if (_open.Count > 0)
                    await Task.Delay(Pause);
            }
        }
        finally
        {
            _isRunning = false;
            foreach (var open in _open.ToArray())
                Close(open, CommitVerdict.Unknown);
        }
    }

    // Settles what the starts alone tell, and gives back what only the primary can tell.
    List<Open> Judge()
    {
        var view = worker.Plane.Look();
        var hasPrimary = worker.Routes.WhyNobody(Port.Primary, worker.Loop.Now) is null;
        var toAsk = new List<Open>();
        foreach (var open in _open.ToArray())
        {
            var verdict = view.Cluster is { } cluster
                ? CommitRules.Judge(open.Evidence, cluster, hasPrimary)
                : CommitVerdict.Open;
            if (verdict == CommitVerdict.AskPrimary)
                toAsk.Add(open);
            if (verdict is not (CommitVerdict.AskPrimary or CommitVerdict.Open))
                Close(open, verdict);
            else if (worker.Loop.Now > open.Until)
                Close(open, CommitVerdict.Unknown);
        }
        return toAsk;
    }

    void Close(Open open, CommitVerdict verdict)
    {
        _open.Remove(open);
        open.Asker.SetResult(verdict);
    }

    async Task AskPrimaryAsync(List<Open> toAsk)
    {
        if (worker.Plane.Pick(Port.Primary) is not { } server)
            return;
        var login = new ServerLogin(
            worker.Loop, server, pool.Key, pool.Keys, worker.Plane.Access.Servers);
        var limit = worker.ServerLogins.Add(login.GiveUp);
        var (loggedIn, _) = await login.RunAsync();
        worker.ServerLogins.Met(limit);
        if (loggedIn is null)
            return;
        using var primary = new ServerQuestion(server, loggedIn.Connection);
        limit = worker.ServerLogins.Add(primary.GiveUp);
        await AskAsync(primary, toAsk);
        worker.ServerLogins.Met(limit);
    }

    async Task AskAsync(ServerQuestion primary, List<Open> toAsk)
    {
        if (await primary.AskAsync(CommitEvidence.WhichStart) is not { Trouble: null, Value: { } text }
            || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var started)
            || !CommitRules.IsNewest(worker.Plane.Look().Cluster?.Starts ?? [], primary.Server.Name, started))
            return;
        var committed = new List<Open>();
        foreach (var open in toAsk.Where(_open.Contains))
        {
            if (await primary.AskAsync($"SELECT pg_xact_status('{open.Evidence.Xid}')") is not { Trouble: null } answer)
                return;
            switch (CommitRules.OfStatus(answer.Value))
            {
                case CommitVerdict.Committed:
                    committed.Add(open);
                    break;
                case CommitVerdict.Open:
                    break;
                case var verdict:
                    Close(open, verdict);
                    break;
            }
        }
        // One for all of them: what it makes durable is in one log.
        if (committed.Count == 0
            || await primary.AskAsync(BarrierCommit.Sql) is not { Trouble: null, IsDoubted: false })
            return;
        foreach (var open in committed)
            Close(open, CommitVerdict.Committed);
    }
}
