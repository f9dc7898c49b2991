using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>What a source says of its history.</summary>
sealed record SourceHistory(string SystemIdentifier, bool InRecovery, Lsn Position, TimelineHistory History);

/// <summary>What local files say. <paramref name="Base"/>: the history of the timeline in the control file, null when
/// its file is missing; <paramref name="Newer"/>: history files above it.</summary>
sealed record LocalHistory(ControlFacts Control, TimelineHistory? Base, ImmutableArray<TimelineHistory> Newer)
{
    /// <summary>How far the log of a running server goes; 0 of a stopped one.</summary>
    public Lsn Running { get; init; }

    /// <summary>The timeline that a running replica follows; 0: nobody knows. The control file lags behind, and history
    /// files are there as soon as the replica has heard of a timeline, whether it can follow it or not.</summary>
    public int RunningTimeline { get; init; }

    /// <summary>How far it surely goes. The control file lags behind.</summary>
    public Lsn Known => new(Math.Max(
        Running.Value, Math.Max(Control.MinimumRecovery.Value, Control.Checkpoint.Value)));
}

/// <summary>
/// Is local history a prefix of the source's? Pure. The control file alone can't tell where the log of a crashed server
/// ends; so the caller asks the log itself, at the very positions where the source left each timeline
/// (<see cref="LeftAt"/>), whether a record stands there.
/// </summary>
static class HistoryComparison
{
    /// <summary>The points that local history must not have passed: to be looked for in the local log.</summary>
    public static IEnumerable<TimelineSwitch> LeftAt(LocalHistory local, SourceHistory source) =>
        source.History.Switches.Where(point => point.Timeline >= local.Control.Timeline);

    /// <summary>Where the newest local timeline begins that the source's history has too; null: on the first one. Two
    /// servers promoted at the same position make two timelines of the same number and the same begin, and only what
    /// stands there tells them apart.</summary>
    public static (int Timeline, Lsn Begin)? SharedBegin(LocalHistory local, SourceHistory source)
    {
        var newest = local.Newer.IsEmpty ? local.Base : local.Newer[^1];
        return newest is { Switches: [.., var last] } && source.History.Contains(newest)
            ? (newest.Timeline, last.End)
            : null;
    }

    /// <param name="local">Of this directory.</param>
    /// <param name="source">Of whom we would stream from.</param>
    /// <param name="passed">True when a local record was found at or after one of <see cref="LeftAt"/>.</param>
    /// <param name="otherBegin">True when another record stands at <see cref="SharedBegin"/> there.</param>
    public static (HistoryVerdict Verdict, string Why) Compare(
        LocalHistory local, SourceHistory source, bool passed, bool otherBegin)
    {
        var control = local.Control;
        if (control.SystemIdentifier != source.SystemIdentifier)
        {
            return (HistoryVerdict.OtherSystem,
                $"local system {control.SystemIdentifier}, source's {source.SystemIdentifier}");
        }
        if (local.Base is null)
            return (HistoryVerdict.Diverged, $"no history file of timeline {control.Timeline}");
        if (!source.History.Contains(local.Base))
            return (HistoryVerdict.Diverged, $"timeline {control.Timeline} is not in the source's history");
        foreach (var newer in local.Newer)
        {
            if (!source.History.Contains(newer))
                return (HistoryVerdict.Diverged, $"local timeline {newer.Timeline} is not in the source's history");
        }
        if (passed || LeftAt(local, source).Any(point => Passed(local, point)))
            return (HistoryVerdict.Diverged, "local log goes on after the source left its timeline");
        return otherBegin
            ? (HistoryVerdict.Diverged, "the source's timeline of the same number and begin is another one")
            : CompareSameLine(local, source);
    }

    /// <summary>The last record of a clean stop is its checkpoint, and records begin at a switch or before it: so a
    /// checkpoint at the switch is already past it.</summary>
    static bool Passed(LocalHistory local, TimelineSwitch point) =>
        (local.Control.CheckpointTimeline == point.Timeline && local.Control.Checkpoint >= point.End)
        || (local.Control.MinimumRecoveryTimeline == point.Timeline && local.Control.MinimumRecovery > point.End)
        || (local.RunningTimeline == point.Timeline && local.Running > point.End);

    static (HistoryVerdict Verdict, string Why) CompareSameLine(LocalHistory local, SourceHistory source)
    {
        var control = local.Control;
        var newest = local.Newer.IsEmpty ? control.Timeline : local.Newer[^1].Timeline;
        if (newest != source.History.Timeline)
            return (HistoryVerdict.Same, $"timeline {newest} is an ancestor of the source's {source.History.Timeline}");
        if (control.CrashedAsPrimary)
        {
            return source.InRecovery
                ? (HistoryVerdict.Unknown, $"crashed as primary of timeline {newest}, and the source is no primary yet")
                : (HistoryVerdict.Diverged, $"crashed as primary of timeline {newest}, which another one now writes");
        }
        if (local.Known <= source.Position)
            return (HistoryVerdict.Same, $"both on timeline {newest}");
        var past = $"local {local.Known} is past the source's {source.Position} on timeline {newest}";
        return source.InRecovery
            ? (HistoryVerdict.Unknown, $"{past}, which is in recovery")
            : (HistoryVerdict.Diverged, past);
    }
}
