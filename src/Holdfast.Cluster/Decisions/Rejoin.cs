using System.Diagnostics;
using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>How a node comes (back) to a leader: stream if history allows, else rewind once, else clone.</summary>
static class Rejoin
{
    /// <summary>A replica that can't stream from a leader it can ask is cloned again; the former directory is
    /// kept.</summary>
    static readonly TimeSpan CloneAfter = TimeSpan.FromSeconds(60);

    /// <summary>The same, where the leader says that it no longer has the log that this replica needs: no waiting will
    /// bring it back.</summary>
    static readonly TimeSpan CloneWithoutLogAfter = TimeSpan.FromSeconds(10);

    /// <summary>After a clone that failed: the reason seldom goes away sooner, and each try costs the leader a
    /// checkpoint.</summary>
    static readonly TimeSpan CloneAgainAfter = TimeSpan.FromSeconds(10);

    /// <summary>A leader that did not tell its history is asked again after this long.</summary>
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);

    public static HaDecision Decide(ClusterView view, LeaderView leader, SelfView self, DynamicSettings settings)
    {
        // Before its promotion the new leader's history is not written yet.
        var leads = view.Member(leader.Holder) is { Role: "primary" or "master" } member
            && (member.Term == leader.Term || member.Term == Term.None);
        return (self.Postgres.Data, self.Postgres.State) switch
        {
            (DataState.Empty or DataState.Unfinished, _) => leads
                ? Clone(leader, self, self.Postgres.Data == DataState.Empty ? "no data here" : "interrupted work here")
                : new Wait($"{leader.Holder} is not primary yet"),
            (_, PostgresState.Stopped) => Stopped(leader, leads, self, settings),
            (_, PostgresState.Starting) => new Wait("PostgreSQL is starting"),
            (_, PostgresState.Replica) => Running(view, leader, leads, self, settings),
            _ => throw new UnreachableException($"{self.Postgres.State}"),
        };
    }

    static HaDecision Stopped(LeaderView leader, bool leads, SelfView self, DynamicSettings settings)
    {
        if (!leads)
            return new Wait($"stopped; {leader.Holder} is not primary yet");
        return Fresh(leader, self) switch
        {
            { Verdict: HistoryVerdict.Unknown } when self.HistoryAge < AskAgainAfter => NoAnswer(leader),
            null or { Verdict: HistoryVerdict.Unknown } =>
                new CompareHistory(leader.Holder, leader.Term, IsEarly: false, "stopped; may it stream?"),
            { Verdict: HistoryVerdict.Same } =>
                new StartReplica(leader.Holder, $"history is a part of {leader.Holder}'s"),
            { Verdict: HistoryVerdict.OtherSystem } => new Wait($"{leader.Holder} is of another system"),
            { Verdict: HistoryVerdict.Diverged, RewindTried: false } when settings.UsePgRewind =>
                new Rewind(leader.Holder, leader.Term, $"history went past {leader.Holder}'s"),
            { Verdict: HistoryVerdict.Diverged } => Clone(leader, self, "diverged, and a rewind is not possible"),
            { Verdict: HistoryVerdict.Removed } => Clone(leader, self, $"{leader.Holder} has removed the log it needs"),
            var other => throw new UnreachableException($"{other}"),
        };
    }

    static HaDecision Running(ClusterView view, LeaderView leader, bool leads, SelfView self, DynamicSettings settings)
    {
        if (view.Member(leader.Holder)?.Address is not { } address)
            return new Wait($"{leader.Holder} has published no address yet");
        if (!Follows(self.Postgres.PrimaryConninfo, address))
            return leads ? Join(leader, self) : Prepare(view, leader, self);
        if (!leads || !(self.NotStreaming > Ha.NotStreamingMax))
            return MakeReady(view, leader, self, settings) ?? new Wait($"follows {leader.Holder}");
        return Fresh(leader, self) switch
        {
            { Verdict: HistoryVerdict.Unknown } when self.HistoryAge < AskAgainAfter => NoAnswer(leader),
            null or { Verdict: HistoryVerdict.Unknown } =>
                new CompareHistory(leader.Holder, leader.Term, IsEarly: false,
                    $"not streaming for {self.NotStreaming!.Value.TotalSeconds:0.0} s"),
            { Verdict: HistoryVerdict.Diverged } => new StopReplica("its history diverged"),
            { Verdict: HistoryVerdict.Same } when self.NotStreaming > CloneAfter => Clone(
                leader, self, $"not streaming for {CloneAfter.TotalSeconds:0} s, and {leader.Holder} answers"),
            { Verdict: HistoryVerdict.Removed } when self.NotStreaming > CloneWithoutLogAfter =>
                Clone(leader, self, $"{leader.Holder} has removed the log it needs"),
            { Verdict: HistoryVerdict.OtherSystem } => new Wait($"{leader.Holder} is of another system"),
            _ => new Wait($"follows {leader.Holder}, not streaming for {self.NotStreaming!.Value.TotalSeconds:0} s"),
        };
    }

    static HaDecision? MakeReady(ClusterView view, LeaderView leader, SelfView self, DynamicSettings settings)
    {
        if (view.Member(leader.Holder)?.Successor != self.Name)
            return null;
        var names = Campaign.Taking(self, view.Sync, settings, leader.ModRevision, "").Names;
        return names.Text == self.Postgres.SynchronousStandbyNames
            ? null
            : new MakeReady(names, $"{leader.Holder} is about to hand over to this node");
    }

    // Its promotion and this go side by side, since its first commit may wait for this replica.
    static HaDecision Prepare(ClusterView view, LeaderView leader, SelfView self) => Early(leader, self) is not null
        && IsFinal(view, self.Postgres)
            ? new Follow(leader.Holder, $"{leader.Holder} is being promoted, and has all that is here")
            : self.History is { } early && early.Term == leader.Term
                ? new Wait($"{leader.Holder} is not primary yet")
                : new CompareHistory(leader.Holder, leader.Term, IsEarly: true,
                    $"{leader.Holder} is being promoted; may it be followed then?");

    // Nothing more can come from a former primary. Else what came after the comparison would be taken for an
    // acknowledgement of what the new one writes at the same positions.
    static bool IsFinal(ClusterView view, PostgresView self) => self.PrimaryConninfo.Length == 0
        || (view.Release is { End: { } end } && self.Timeline == end.Timeline && self.Position > end.At);

    // Equal timeline numbers are not equal history, but PostgreSQL goes by numbers: it would stream, and mix the two.
    static HaDecision Join(LeaderView leader, SelfView self) =>
        (Fresh(leader, self) ?? Early(leader, self))?.Verdict switch
        {
            HistoryVerdict.Unknown when self.HistoryAge < AskAgainAfter => NoAnswer(leader),
            null or HistoryVerdict.Unknown =>
                new CompareHistory(leader.Holder, leader.Term, IsEarly: false, "another node leads; may it stream?"),
            // Without the log it will not stream; the wait for that decides.
            HistoryVerdict.Same or HistoryVerdict.Removed =>
                new Follow(leader.Holder, $"history is a part of {leader.Holder}'s"),
            HistoryVerdict.Diverged => new StopReplica("its history diverged"),
            HistoryVerdict.OtherSystem => new Wait($"{leader.Holder} is of another system"),
            var other => throw new UnreachableException($"{other}"),
        };

    static Wait NoAnswer(LeaderView leader) => new($"{leader.Holder} did not tell its history; asked again soon");

    static HaDecision Clone(LeaderView leader, SelfView self, string why) =>
        self.CloneFailed is { } failed && failed.Age < CloneAgainAfter
            ? new Wait($"{why}; the last clone failed, and the next begins soon: {failed.Why}")
            : new CloneFrom(leader.Holder, why);

    static HistoryView? Fresh(LeaderView leader, SelfView self) =>
        self.History is { IsEarly: false } h && h.Term == leader.Term ? h : null;

    static HistoryView? Early(LeaderView leader, SelfView self) =>
        self.History is { IsEarly: true, Verdict: HistoryVerdict.Same } h && h.Term == leader.Term ? h : null;

    static bool Follows(string conninfo, (string Host, int Port) address) =>
        conninfo.Contains($"host={address.Host} ", StringComparison.Ordinal)
        && conninfo.Contains($"port={address.Port} ", StringComparison.Ordinal);
}
