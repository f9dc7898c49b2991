using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>A primary whose PostgreSQL ended, or is starting, under the lock: is it sooner back here, or another
/// promoted?</summary>
public static class CrashStart
{
    /// <summary>The name of the job that starts PostgreSQL as primary.</summary>
    public const string JobName = "start as primary";

    /// <summary>From the release of the lock until another primary writes: campaign, first renewals and promotion
    /// (measured, three hosts on one machine).</summary>
    internal static readonly TimeSpan FailoverTime = TimeSpan.FromSeconds(0.6);

    /// <summary>Why the lock is released rather than PostgreSQL started in place; null: start it.</summary>
    internal static string? BetterElsewhere(ClusterView view, SelfView self, DynamicSettings settings)
    {
        if (self.Bootstrapping)
            return null;
        var limit = settings.PrimaryStartTimeout;
        if (limit > TimeSpan.Zero && !(self.ExpectedStart > FailoverTime))
            return null;
        if (!AnotherCanTakeOver(view, self, settings))
            return null;
        return limit == TimeSpan.Zero
            ? "PostgreSQL ended, and primary_start_timeout is 0: another takes over"
            : $"PostgreSQL ended, and a start takes {self.ExpectedStart!.Value.TotalSeconds:0.0} s here, a failover"
                + $" {FailoverTime.TotalSeconds:0.0} s";
    }

    /// <summary>Why a start under the lock is given up; null: it may go on.</summary>
    internal static string? TooLong(SelfView self, DynamicSettings settings)
    {
        // Any other job may have brought the server to where it does not answer: its stop, for one.
        if (settings.Pause || self.Bootstrapping || self.Postgres.State != PostgresState.Starting
            || self.Job is not (null or { Name: JobName }))
            return null;
        // At a limit of zero a start that was begun, since nobody else was there, has the usual time.
        var limit = settings.PrimaryStartTimeout > TimeSpan.Zero
            ? settings.PrimaryStartTimeout
            : new DynamicSettings().PrimaryStartTimeout;
        return self.Starting is { } running && running > limit
            ? $"not up after {running.TotalSeconds:0} s, primary_start_timeout {limit.TotalSeconds:0} s"
            : null;
    }

    // Whether they stream does not count: with the primary's end all of them stopped to. A voter that was away for long
    // is no voter any more.
    static bool AnotherCanTakeOver(ClusterView view, SelfView self, DynamicSettings settings)
    {
        var running = view.Members.Where(member => member.Name != self.Name && member.State == "running").ToList();
        if (view.Sync is { Standbys.IsEmpty: false } sync)
        {
            var voters = running.Where(member => sync.Standbys.Contains(member.Name)).ToList();
            return voters.Count > sync.Quorum && voters.Exists(member => !member.NoFailover);
        }
        return settings.SynchronousMode == SynchronousMode.Off && running.Exists(member => !member.NoFailover);
    }
}
