using System.Globalization;

namespace Holdfast.Postgres.Instance;

/// <summary>
/// postmaster.pid as PostgreSQL writes it (source: miscadmin.h, LOCK_FILE_LINE_*). <paramref name="Pid"/> is negative
/// for a single-user server. Line 7 names the System V segment that shows whether old backends still live, line 8 what
/// the postmaster is about, padded with blanks (pidfile.h, PM_STATUS_*): "starting", "stopping", "ready", "standby".
/// </summary>
sealed record PostmasterPidFile(int Pid, int? SharedMemoryId, string Status)
{
    const int SharedMemoryLine = 7;
    const int StatusLine = 8;

    /// <summary>Whoever connects now is told that it is starting up, or shutting down.</summary>
    public bool RefusesSessions => Status is "starting" or "stopping";

    /// <summary>Null when there is none, or it is not written yet.</summary>
    public static PostmasterPidFile? Read(string dataDirectory)
    {
        try
        {
            return Parse(File.ReadAllText(Path.Combine(dataDirectory, "postmaster.pid")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static PostmasterPidFile? Parse(string text)
    {
        var lines = text.Split('\n');
        if (!int.TryParse(lines[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var pid))
            return null;
        var memory = lines.Length >= SharedMemoryLine
            ? lines[SharedMemoryLine - 1].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : [];
        return new PostmasterPidFile(
            pid,
            memory.Length == 2 && int.TryParse(memory[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : null,
            lines.Length >= StatusLine ? lines[StatusLine - 1].Trim() : "");
    }
}
