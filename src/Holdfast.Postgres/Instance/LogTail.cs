using System.Text;

namespace Holdfast.Postgres.Instance;

/// <summary>Why a start failed, from the server's own log.</summary>
static class LogTail
{
    /// <summary>The first FATAL or PANIC message after <paramref name="start"/> (bytes), else the last line.</summary>
    public static string Why(string path, long start)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Seek(Math.Max(start, file.Length - InstanceLimits.LogTailBytesMax), SeekOrigin.Begin);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return Why(reader.ReadToEnd());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"its log can't be read: {failure.Message}";
        }
    }

    public static string Why(string log)
    {
        var lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.FirstOrDefault(line =>
                line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal))
            ?? lines.LastOrDefault("it wrote nothing to its log");
    }
}
