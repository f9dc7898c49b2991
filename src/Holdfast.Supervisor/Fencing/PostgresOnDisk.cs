using System.Globalization;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Fencing;

/// <summary>PostgreSQL as its data directory shows it. Blocking, and quick: for the fencing threads.</summary>
internal static class PostgresOnDisk
{
    public static PostgresSight Look(string dataDirectory)
    {
        // Nearly always there, and then nothing else matters.
        var standby = File.Exists(StandbySignal(dataDirectory));
        return new PostgresSight(
            PostmasterRuns: !standby && Postmaster(dataDirectory) is not null,
            StandbySignal: standby,
            DataDirectoryExists: standby || File.Exists(Path.Combine(dataDirectory, "PG_VERSION")));
    }

    /// <summary>The living process that postmaster.pid names, if it works in this directory. A stand-alone backend,
    /// such as pg_rewind uses, has a negative number there and is none.</summary>
    public static ProcessIdentity? Postmaster(string dataDirectory)
    {
        try
        {
            using var file = new StreamReader(Path.Combine(dataDirectory, "postmaster.pid"));
            if (!int.TryParse(file.ReadLine(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                return null;
            var folder = FileIdentity.Of(dataDirectory);
            return ProcessIdentity.Of(pid) is { IsAlive: true } process && folder is not null
                && FileIdentity.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cwd")) == folder
                ? process
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Makes sure that the next start is a replica's: standby.signal, with the directory's own
    /// owner.</summary>
    public static void PutStandbySignal(string dataDirectory)
    {
        var path = StandbySignal(dataDirectory);
        if (File.Exists(path) || !File.Exists(Path.Combine(dataDirectory, "PG_VERSION")))
            return;
        // Appears with its owner: one that PostgreSQL can't open would keep it from starting.
        var next = path + ".next";
        using (var file = new FileStream(next, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Flush(flushToDisk: true);
        }
        _ = FileOwner.TryCopy(from: dataDirectory, to: next);
        File.Move(next, path, overwrite: true);
        _ = DirectorySync.Try(dataDirectory);
    }

    static string StandbySignal(string dataDirectory) => Path.Combine(dataDirectory, "standby.signal");
}
