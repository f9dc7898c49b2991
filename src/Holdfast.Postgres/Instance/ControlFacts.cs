using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>What pg_controldata says, as far as we use it.</summary>
sealed record ControlFacts
{
    public required string SystemIdentifier { get; init; }

    /// <summary>PostgreSQL's own words: "shut down", "in production", "shut down in recovery", ...</summary>
    public required string State { get; init; }
    public required Lsn Checkpoint { get; init; }
    public required int CheckpointTimeline { get; init; }
    public required Lsn MinimumRecovery { get; init; }

    /// <summary>0 where no recovery is under way.</summary>
    public required int MinimumRecoveryTimeline { get; init; }

    /// <summary>Settings of the primary that a standby must not go below, by their names in postgresql.conf.</summary>
    public required ImmutableSortedDictionary<string, int> Floors { get; init; }

    /// <summary>It was a primary and didn't say goodbye.</summary>
    public bool CrashedAsPrimary => State is "in production" or "in crash recovery" or "shutting down";

    public bool WasReplica => State is "in archive recovery" or "shut down in recovery";

    /// <summary>The newest timeline that replay surely has reached.</summary>
    public int Timeline => Math.Max(CheckpointTimeline, MinimumRecoveryTimeline);

    static readonly FrozenDictionary<string, string> FloorNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["max_connections setting"] = "max_connections",
        ["max_worker_processes setting"] = "max_worker_processes",
        ["max_wal_senders setting"] = "max_wal_senders",
        ["max_prepared_xacts setting"] = "max_prepared_transactions",
        ["max_locks_per_xact setting"] = "max_locks_per_transaction",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Reads the output of pg_controldata under LC_ALL=C.</summary>
    /// <exception cref="FormatException">A line that every version has is missing.</exception>
    public static ControlFacts Parse(string output)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                values[line[..colon]] = line[(colon + 1)..].Trim();
        }
        string Value(string name) =>
            values.TryGetValue(name, out var value)
                ? value
                : throw new FormatException($"pg_controldata shows no '{name}'");
        int Number(string name) => int.Parse(Value(name), NumberStyles.None, CultureInfo.InvariantCulture);
        return new ControlFacts
        {
            SystemIdentifier = Value("Database system identifier"),
            State = Value("Database cluster state"),
            Checkpoint = Lsn.Parse(Value("Latest checkpoint location")),
            CheckpointTimeline = Number("Latest checkpoint's TimeLineID"),
            MinimumRecovery = Lsn.Parse(Value("Minimum recovery ending location")),
            MinimumRecoveryTimeline = Number("Min recovery ending loc's timeline"),
            Floors = FloorNames.ToImmutableSortedDictionary(
                pair => pair.Value, pair => Number(pair.Key), StringComparer.Ordinal),
        };
    }
}
