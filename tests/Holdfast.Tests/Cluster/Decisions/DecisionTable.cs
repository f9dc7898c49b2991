using System.Text;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

/// <summary>What an agent decides, as a page: made by asking the decision itself over a grid of views of n1.</summary>
static class DecisionTable
{
    const string Lease = "held, lease counted", Pending = "just taken, not counted yet", Name = "ours by name only",
        Other = "another's", Free = "nobody's", Silent = "the store never answered";

    sealed record Case(string Postgres, string Lock, ClusterView? View, SelfView Self);

    static readonly (string Text, PostgresState State, DataState Data)[] s_postgres =
    [
        ("primary", PostgresState.Primary, DataState.Usable),
        ("replica", PostgresState.Replica, DataState.Usable),
        ("starting", PostgresState.Starting, DataState.Usable),
        ("stopped", PostgresState.Stopped, DataState.Usable),
        ("stopped, no data", PostgresState.Stopped, DataState.Empty),
        ("stopped, work interrupted", PostgresState.Stopped, DataState.Unfinished),
    ];

    static readonly ClusterView s_view = Of("n1", "n2", "n3").Synchronous("n1", 1, "n2", "n3");

    static IEnumerable<Case> Grid() =>
        from postgres in s_postgres
        from held in new[] { Lease, Pending, Name, Other, Free, Silent }
        select new Case(postgres.Text, held, ViewOf(held), SelfOf(Self("n1", postgres.State, postgres.Data), held));

    static ClusterView? ViewOf(string held) => held switch
    {
        Silent => null,
        Free => s_view,
        Other => s_view.LedBy("n2").Synchronous("n2", 1, "n1", "n3"),
        _ => s_view.LedBy("n1"),
    };

    static SelfView SelfOf(SelfView self, string held) => held switch
    {
        Lease => self.Leading(),
        Pending => self with { LeasePending = true },
        Free => self.Campaigning(Peer("n2"), Peer("n3")),
        _ => self,
    };

    static readonly (string What, ClusterView View, SelfView Self, DynamicSettings Settings)[] s_special =
    [
        ("a job runs", s_view.LedBy("n2"),
            Self("n1", PostgresState.Replica) with { Job = new JobView("rewind", default) }, Quorum),
        ("store restored from an old copy", s_view,
            Self("n1", PostgresState.Replica).Campaigning() with { StoreRestored = true }, Quorum),
        ("data of another system", s_view.LedBy("n2") with { Initialize = "42" },
            Self("n1", PostgresState.Replica), Quorum),
        ("held, three starts failed", s_view.LedBy("n1"),
            Self("n1", PostgresState.Stopped).Leading() with { FailedStarts = 3 }, Quorum),
        ("held, starts slowly here", s_view.LedBy("n1"),
            Self("n1", PostgresState.Stopped).Leading() with { ExpectedStart = TimeSpan.FromSeconds(4) }, Quorum),
        ("held, primary_start_timeout 0", s_view.LedBy("n1"), Self("n1", PostgresState.Stopped).Leading(),
            Quorum with { PrimaryStartTimeout = TimeSpan.Zero }),
        ("held, the start takes too long", s_view.LedBy("n1"),
            Self("n1", PostgresState.Starting).Leading() with { Starting = TimeSpan.FromSeconds(301) }, Quorum),
        ("held, a switchover is asked for", Wish(s_view.LedBy("n1"), "n2"), Primary("n2"), Quorum),
        ("held, a switchover to who is not there", Wish(s_view.LedBy("n1"), "n3"), Primary("n2"), Quorum),
        ("nobody's, another voter is ahead", s_view, Candidate("n2", Peer("n3", position: 2000)), Quorum),
        ("nobody's, too few voters answer", s_view, Candidate("n2"), Quorum),
        ("nobody's, not in /sync", s_view.Synchronous("n1", 0, "n3"), Candidate("n2", Peer("n3")), Quorum),
        ("nobody's, tagged nofailover", s_view, Candidate("n2", Peer("n3")) with { NoFailover = true }, Quorum),
        ("key deleted by hand", s_view, Candidate("n2", Peer("n3")) with { Lock = LockFreedom.LeaseAlive }, Quorum),
        ("nobody's, a peer is primary", s_view, Candidate("n2", Peer("n1") with { Role = "primary" }), Quorum),
        ("nobody's, another was named", Wish(s_view, "n3"), Candidate("n2", Peer("n3")), Quorum),
        ("another's, about to hand over to this node", s_view.LedBy("n2").Naming("n1"),
            Self("n1", PostgresState.Replica).Following("10.0.0.2"), Quorum),
        ("another's, history not compared", s_view.LedBy("n2"), Stopped(null), Quorum),
        ("another's, same history", s_view.LedBy("n2"), Stopped(HistoryVerdict.Same), Quorum),
        ("another's, diverged", s_view.LedBy("n2"), Stopped(HistoryVerdict.Diverged), Quorum),
        ("another's, diverged, rewound before", s_view.LedBy("n2"), Stopped(HistoryVerdict.Diverged, true), Quorum),
    ];

    static ClusterView Wish(ClusterView view, string candidate) =>
        view with { Failover = new FailoverView(null, new NodeName(candidate), null, 1) };

    static SelfView Candidate(string name, params PeerAnswer[] peers) =>
        Self(name, PostgresState.Replica).Campaigning(peers);

    static SelfView Stopped(HistoryVerdict? verdict, bool rewound = false) => Self("n1", PostgresState.Stopped) with
    {
        History = verdict is { } known ? new HistoryView(new Term(50), known, rewound) : null,
    };

    static SelfView Primary(string standby)
    {
        var self = Self("n1", PostgresState.Primary).Leading();
        var sender = new WalSenderView
        {
            Name = new NodeName(standby), Pid = 1, State = "streaming", SyncState = "quorum", Flushed = new Lsn(1000),
        };
        return self with { Postgres = self.Postgres with { WalSenders = [sender] } };
    }

    public static string Text()
    {
        var page = new StringBuilder();
        page.Append("""
            # What an agent decides

            Made from the decision itself (`HOLDFAST_REGENERATE=1` with the unit tests); do not edit. Three hosts,
            quorum mode; n1 led last. In the first table the agent is n1's.

            ## Roles

            ```mermaid
            stateDiagram-v2

            """);
        foreach (var arrow in Arrows().Distinct(StringComparer.Ordinal))
            page.Append("    ").Append(arrow).Append('\n');
        page.Append("```\n\n## PostgreSQL and the lock\n\n");
        page.Append("| PostgreSQL | lock | decision | while paused |\n|---|---|---|---|\n");
        foreach (var it in Grid())
        {
            var (usual, paused) = (Decide(it, pause: false), Decide(it, pause: true));
            page.Append($"| {it.Postgres} | {it.Lock} | {Lines(usual, paused)} |\n");
        }
        page.Append("\n## What else decides\n\n| situation | decision | while paused |\n|---|---|---|\n");
        foreach (var (what, view, self, settings) in s_special)
        {
            var usual = Ha.Decide(view, self, settings);
            var paused = Ha.Decide(view, self, settings with { Pause = true });
            page.Append($"| {what} | {Lines(usual, paused)} |\n");
        }
        return page.ToString();
    }

    static HaDecision Decide(Case it, bool pause) => Ha.Decide(it.View, it.Self, Quorum with { Pause = pause });

    static string Lines(HaDecision usual, HaDecision paused) =>
        $"{Line(usual)} | {(Line(paused) == Line(usual) ? "the same" : Line(paused))}";

    static string Line(HaDecision decision) =>
        $"**{decision.GetType().Name}**: {decision.Why.Replace("|", "/", StringComparison.Ordinal)}";

    static IEnumerable<string> Arrows() =>
        from it in Grid().Where(it => it.Lock is not Silent)
        let decision = Decide(it, pause: false)
        where decision is not (HaDecision.Wait or HaDecision.Lead)
        select $"{State(it.Postgres, it.Lock == Lease)} --> {After(decision, it)} : {decision.GetType().Name}";

    static string State(string postgres, bool holds) =>
        postgres.Replace(", ", "_", StringComparison.Ordinal).Replace(' ', '_') + (holds ? "_with_lock" : "");

    static string After(HaDecision decision, Case it) => decision switch
    {
        HaDecision.Fence or HaDecision.StopReplica => "stopped",
        HaDecision.Promote or HaDecision.StartPrimary => "primary_with_lock",
        HaDecision.TakeLock => State(it.Postgres, holds: true),
        HaDecision.Release => State(it.Postgres, holds: false),
        HaDecision.StartReplica or HaDecision.Follow => "replica",
        HaDecision.CloneFrom or HaDecision.Rewind => "stopped",
        _ => State(it.Postgres, it.Lock == Lease),
    };
}
