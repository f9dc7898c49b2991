using System.Globalization;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Observe;

/// <summary>A volume to be written to, by the file that the probe writes there.</summary>
internal sealed record Volume(string File, uint DeviceMajor, uint DeviceMinor)
{
    // Base backup and rewind pass over names that begin like this (PostgreSQL manual, 55.4 BASE_BACKUP).
    const string Inside = "pgsql_tmp.holdfast.probe";

    public string Folder { get; } = Path.GetDirectoryName(File)!;

    /// <summary>The volume of the data directory, and that of pg_wal where it is another.</summary>
    public static IEnumerable<Volume> Of(string dataDirectory)
    {
        var path = Path.TrimEndingDirectorySeparator(dataDirectory);
        var beside = FileIdentity.Of(Path.GetDirectoryName(path)!);
        var data = System.IO.File.Exists(Path.Combine(path, "PG_VERSION")) ? FileIdentity.Of(path) : null;
        var isMount = data is not null && !IsSameDevice(data, beside);
        var first = isMount ? data : beside;
        yield return new Volume(
            isMount ? Path.Combine(path, Inside) : path + ".probe", first?.DeviceMajor ?? 0, first?.DeviceMinor ?? 0);
        var log = Path.Combine(path, "pg_wal");
        if (data is not null && FileIdentity.Of(log) is { } wal && !IsSameDevice(wal, data))
            yield return new Volume(Path.Combine(log, Inside), wal.DeviceMajor, wal.DeviceMinor);
    }

    /// <summary>How many writes the block device has completed (Linux, Documentation/block/stat.rst: the fifth field);
    /// null where there is no device of its own, such as for tmpfs and network file systems. Touches no disk.</summary>
    public long? WritesCompleted()
    {
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{DeviceMajor}:{DeviceMinor}/stat");
            var fields = System.IO.File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return long.Parse(fields[4], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static bool IsSameDevice(FileIdentity? one, FileIdentity? other) =>
        one?.DeviceMajor == other?.DeviceMajor && one?.DeviceMinor == other?.DeviceMinor;
}
