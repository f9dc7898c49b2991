using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;

namespace Holdfast.Sim.Servers;

/// <summary>A data directory, and what is kept beside it: it survives every crash.</summary>
internal sealed class PgData
{
    public string? SystemIdentifier { get; set; }
    public Wal Wal { get; set; } = new();

    /// <summary>The marker of a rewind under way.</summary>
    public bool IsUnfinished { get; set; }
    public bool HasStandbySignal { get; set; }

    /// <summary>What the control file says of the last life: it was a primary, and was not stopped.</summary>
    public bool CrashedAsPrimary { get; set; }

    /// <summary>The last life ended with a shutdown checkpoint.</summary>
    public bool WasStopped { get; set; }

    /// <summary>In the configuration.</summary>
    public ServerAddress? Source { get; set; }
    public string Names { get; set; } = "";

    /// <summary>The highest timeline that a history file is here for.</summary>
    public int HighestTimeline { get; set; } = 1;
    public SortedSet<string> Slots { get; } = new(StringComparer.Ordinal);

    /// <summary>The former directory that a clone replaced.</summary>
    public PgData? Diverged { get; set; }

    public DataState State => IsUnfinished ? DataState.Unfinished
        : SystemIdentifier is null ? DataState.Empty : DataState.Usable;

    public LocalHistory Local()
    {
        var checkpoint = Wal.Count == 0 ? Lsn.Zero
            : WasStopped ? new Lsn(Wal[Wal.Count - 1].Start) : Wal.History() is { Switches: [.., var last] } ? last.End
            : Lsn.Zero;
        return new LocalHistory(
            new ControlFacts
            {
                SystemIdentifier = SystemIdentifier ?? "",
                State = CrashedAsPrimary ? "in production" : WasStopped ? "shut down" : "shut down in recovery",
                Checkpoint = checkpoint,
                CheckpointTimeline = Wal.Timeline,
                MinimumRecovery = CrashedAsPrimary ? Lsn.Zero : Wal.End,
                MinimumRecoveryTimeline = CrashedAsPrimary ? 0 : Wal.Timeline,
                Floors = ImmutableSortedDictionary<string, int>.Empty,
            },
            Wal.History(), []);
    }
}
