using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>Where one timeline ended and the next began.</summary>
readonly record struct TimelineSwitch(int Timeline, Lsn End, string Reason);

/// <summary>A timeline with the ones that it came from, oldest first (PostgreSQL manual, 26.3.6; file
/// NNNNNNNN.history).</summary>
sealed record TimelineHistory(int Timeline, ImmutableArray<TimelineSwitch> Switches)
{
    public static string FileName(int timeline) =>
        string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}.history");

    /// <summary>The timeline of a history file's name; null for any other file.</summary>
    public static int? TimelineOf(string fileName) =>
        fileName.Length == 16 && fileName.EndsWith(".history", StringComparison.Ordinal)
        && int.TryParse(fileName.AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var timeline)
            ? timeline
            : null;

    public static TimelineHistory Parse(int timeline, string text)
    {
        var switches = ImmutableArray.CreateBuilder<TimelineSwitch>();
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split('\t', 3);
            if (fields.Length >= 2
                && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from))
                switches.Add(new TimelineSwitch(from, Lsn.Parse(fields[1].Trim()), fields.Length > 2 ? fields[2] : ""));
        }
        return new TimelineHistory(timeline, switches.ToImmutable());
    }

    /// <summary>True when <paramref name="older"/> is this timeline or one that it came from, by number *and* by where
    /// each began: equal numbers alone prove nothing.</summary>
    public bool Contains(TimelineHistory older)
    {
        if (older.Switches.Length > Switches.Length)
            return false;
        for (var at = 0; at < older.Switches.Length; at++)
        {
            if (older.Switches[at].Timeline != Switches[at].Timeline || older.Switches[at].End != Switches[at].End)
                return false;
        }
        var next = older.Switches.Length;
        return older.Timeline == (next < Switches.Length ? Switches[next].Timeline : Timeline);
    }
}
