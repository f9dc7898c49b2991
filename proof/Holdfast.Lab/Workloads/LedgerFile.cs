using System.Text.Json;

namespace Holdfast.Lab.Workloads;

/// <summary>Attempts as lines of JSON.</summary>
static class LedgerFile
{
    public static Task WriteAsync(string path, IEnumerable<Attempt> attempts, CancellationToken stop) =>
        File.WriteAllLinesAsync(path, attempts.Select(Line), stop);

    public static string Line(Attempt attempt) => JsonSerializer.Serialize(attempt, LabLineJson.Default.Attempt);

    /// <returns>Null for a line that was cut off.</returns>
    public static Attempt? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LabLineJson.Default.Attempt);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
