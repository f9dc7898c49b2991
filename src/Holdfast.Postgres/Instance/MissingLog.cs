using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>Segments of write-ahead log that a rewind needs, that this directory has recycled, and that the source
/// still has.</summary>
sealed partial class MissingLog(InstanceSettings settings, DataDirectory data, DurableFiles files)
{
    /// <summary>For one rewind; more than a gigabyte of log is no quicker than a clone.</summary>
    public const int SegmentsMax = 64;

    const int ChunkBytes = 1024 * 1024;

    // Base 64, since our sessions load no types.
    const string Chunk = "SELECT encode(pg_read_binary_file($1, $2::int8, $3::int8), 'base64')";

    [GeneratedRegex("could not open file \"[^\"]*/pg_wal/(?<name>[0-9A-F]{24})\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Complaint();

    /// <summary>The segment that pg_rewind could not open; null when it complains of something else.</summary>
    public static string? NameIn(string errors) =>
        Complaint().Match(errors) is { Success: true } found ? found.Groups["name"].Value : null;

    /// <summary>Copies the segment from the source, whole and synced, or not at all.</summary>
    public ValueTask<StepResult> FetchAsync(ServerAddress source, string name, CancellationToken stop) =>
        Sql.AttemptAsync($"segment {name} of {source.Name}", InstanceLimits.Segment, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(source, settings.Superuser, bounded);
            var text = await session.ScalarAsync("SELECT pg_size_bytes(current_setting('wal_segment_size'))", bounded);
            var size = long.Parse(text ?? "0", CultureInfo.InvariantCulture);
            var path = Path.Combine(data.WalFolder, name);
            await using (var file = new FileStream(path + ".fetch", FileMode.Create))
            {
                for (var at = 0L; at < size; at += ChunkBytes)
                    await CopyAsync(session, name, at, file, bounded);
                if (file.Length != size)
                    return StepResult.Failed($"segment {name} has {file.Length} bytes there, expected {size}");
                file.Flush(flushToDisk: true);
            }
            File.SetUnixFileMode(path + ".fetch", DurableFiles.OwnerOnly);
            files.GiveToOwner(path + ".fetch");
            DurableFiles.Move(path + ".fetch", path);
            return StepResult.Done;
        }, stop);

    static async Task CopyAsync(SqlSession session, string name, long at, FileStream file, CancellationToken stop)
    {
        string[] arguments =
        [
            $"pg_wal/{name}", at.ToString(CultureInfo.InvariantCulture),
            ChunkBytes.ToString(CultureInfo.InvariantCulture),
        ];
        var chunk = Convert.FromBase64String(await session.ScalarAsync(Chunk, arguments, stop) ?? "");
        await file.WriteAsync(chunk, stop);
    }
}
