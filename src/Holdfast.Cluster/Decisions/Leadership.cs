using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>What a primary does in a quiet turn: it goes on, and takes one step of the synchronous set.</summary>
static class Leadership
{
    public static Lead Decide(ClusterView view, SelfView self, DynamicSettings settings, string why) =>
        new(Step(view, self, settings), why);

    static SyncStep Step(ClusterView view, SelfView self, DynamicSettings settings)
    {
        var enabled = settings.SynchronousMode != SynchronousMode.Off;
        if (!enabled && view.Sync is null or { Standbys.IsEmpty: true }
            && self.Postgres.SynchronousStandbyNames.Length == 0)
            return new SyncStep.Nothing("asynchronous");
        if (self.OnFailsafe)
            return new SyncStep.Nothing("frozen while the store is silent");
        var senders = self.Postgres.WalSenders;
        var names = SyncNames.Parse(self.Postgres.SynchronousStandbyNames);
        var eligible = SyncStandbys.Of(view, self.Postgres, names, settings);
        ImmutableArray<WalSenderView> old = [.. senders.Where(sender => self.Sync.WalSendersThen.Contains(sender.Pid))];
        // The key is of the copy that the store was restored from; the names in force are not.
        if (view.Sync is { } copied && copied.ModRevision < view.TermBaseRevision)
        {
            return names is null
                ? new SyncStep.Nothing("the names are in nobody's form, and the key is of a restored copy")
                : new SyncStep.WriteKey(
                    new SyncKey(self.Name, names.Standbys, Math.Max(0, names.Standbys.Length - names.Count)),
                    copied.ModRevision, "of the names in force: the key is of a restored copy");
        }
        var step = SyncQuorum.Next(new SyncFacts
        {
            Self = self.Name,
            Key = view.Sync,
            Names = names,
            Eligible = eligible,
            CaughtUp = [.. senders.Where(s => s.Flushed >= self.Sync.Since).Select(s => s.Name).Intersect(eligible)],
            OldWalSenders = old,
            LateWalSenders = [.. old.Where(sender => sender.State != "backup" && !HasReadNames(sender, self))],
            NodeCount = Math.Max(1, settings.SynchronousNodeCount),
            Listed = settings.SynchronousMode == SynchronousMode.On,
            Strict = settings.SynchronousModeStrict,
            SurelyAlone = self.Alone >= settings.Ttl,
            Enabled = enabled,
        });
        return step is SyncStep.SetNames && view.Sync is { } key ? Unsettled(key, self) ?? step : step;
    }

    // The store compares what we write there; names are not compared with it, so they rest on a key that is surely the
    // last one, and that no write of ours still under way can replace.
    static SyncStep? Unsettled(SyncView key, SelfView self) =>
        key.ModRevision < self.Sync.KeyRevision ? new SyncStep.Nothing("the key that was just written is not seen yet")
        : self.Sync.KeyUnsure ? new SyncStep.WriteKey(
            new SyncKey(self.Name, key.Standbys, key.Quorum), key.ModRevision,
            "as it stands: whether an earlier write still arrives is not known")
        : null;

    // A walsender looks at changed settings once in each round of its loop, before it reads its standby's answers and
    // sends what is new (WalSndLoop). So the answer to something that was written after the change comes a round later
    // than that look, and so does whatever follows its sleep.
    static bool HasReadNames(WalSenderView sender, SelfView self) =>
        self.Sync.Since != SyncProgress.Never && (sender.Sleeps || sender.Flushed > self.Sync.Since);
}
