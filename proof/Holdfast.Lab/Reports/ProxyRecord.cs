using System.Text.Json;

namespace Holdfast.Lab.Reports;

/// <summary>One run of pgbench through a proxy, or around all; a line of JSON in the file of results.</summary>
/// <param name="Series">Only figures of one series are compared.</param>
/// <param name="Case">Load and number of clients.</param>
/// <param name="Path">Which proxy, and how it shares servers.</param>
/// <param name="Round">In each round all paths have their turn.</param>
/// <param name="PerSecond">Transactions.</param>
/// <param name="CpuUs">The proxy's own time for a transaction; null where there is none.</param>
/// <param name="ResidentMib">The proxy's, under load.</param>
/// <param name="Stolen">The part of the processors' time that the hypervisor took meanwhile, 0 to 1; null where nobody
/// looked.</param>
/// <param name="Problem">Why there are no figures.</param>
sealed record ProxyRecord(
    string Series,
    string Case,
    string Path,
    int Round,
    DateTimeOffset At,
    double PerSecond = 0,
    double P50Ms = 0,
    double P99Ms = 0,
    double? CpuUs = null,
    double? ResidentMib = null,
    double? Stolen = null,
    string? Problem = null);

/// <summary>All runs so far: only ever appended to, so that an interrupted series is gone on with.</summary>
static class ProxyFile
{
    /// <summary>A line that was cut off by a crash is passed over.</summary>
    public static IReadOnlyList<ProxyRecord> Read(string path) =>
        File.Exists(path) ? [.. File.ReadLines(path).Select(Parse).OfType<ProxyRecord>()] : [];

    public static void Append(string path, ProxyRecord record)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.AppendAllText(path, JsonSerializer.Serialize(record, LabLineJson.Default.ProxyRecord) + "\n");
    }

    static ProxyRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LabLineJson.Default.ProxyRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
