using System.Globalization;

namespace Holdfast.Postgres.Instance;

/// <summary>System V segments (proc(5), /proc/sysvipc/shm): PostgreSQL refuses to start while somebody is attached to
/// the segment of its predecessor.</summary>
static class SharedMemory
{
    const int IdColumn = 1, AttachedColumn = 6;

    /// <summary>How many processes are attached; 0 when the segment is gone.</summary>
    public static int Attached(int id) => Attached(File.ReadLines("/proc/sysvipc/shm"), id);

    public static int Attached(IEnumerable<string> table, int id)
    {
        var wanted = id.ToString(CultureInfo.InvariantCulture);
        foreach (var line in table)
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > AttachedColumn && columns[IdColumn] == wanted)
                return int.Parse(columns[AttachedColumn], CultureInfo.InvariantCulture);
        }
        return 0;
    }
}
