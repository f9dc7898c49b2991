using System.Text.Json;

namespace Holdfast.Lab.Reports;

/// <summary>What clients felt of one fault; a line of JSON in the file of results.</summary>
/// <param name="Fault">Name of the scenario.</param>
/// <param name="OutageMs">The longest time between two acknowledged writes.</param>
/// <param name="WholeMs">From when the cause was mended until every member counted again.</param>
/// <param name="Lost">Acknowledged, also around the proxy, and gone when all was whole again.</param>
/// <param name="Variant">Under which settings, or which program.</param>
/// <param name="Problem">Why the run did not come to its end, as when the lab did not become whole again: then the
/// other figures mean nothing.</param>
sealed record OutageRecord(
    string Fault,
    DateTimeOffset At,
    double OutageMs,
    double WholeMs,
    int Acknowledged,
    int Lost,
    int DualWriters,
    string Variant = Variants.Lease,
    string? Problem = null);

/// <summary>All runs so far: only ever appended to, so that an interrupted series is gone on with.</summary>
static class OutageFile
{
    /// <summary>A line that was cut off by a crash is passed over.</summary>
    public static IReadOnlyList<OutageRecord> Read(string path) =>
        File.Exists(path) ? [.. File.ReadLines(path).Select(Parse).OfType<OutageRecord>()] : [];

    public static void Append(string path, OutageRecord record)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.AppendAllText(path, JsonSerializer.Serialize(record, LabLineJson.Default.OutageRecord) + "\n");
    }

    static OutageRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LabLineJson.Default.OutageRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
