using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>PGDATA and what we keep beside it. Everything beside it is named after it, so that it survives in the
/// parent while the directory itself is replaced or rewound.</summary>
sealed class DataDirectory(string path, DurableFiles files)
{
    public string Path { get; } = path;
    public string Parent { get; } = System.IO.Path.GetDirectoryName(path)!;

    /// <summary>A clone or initdb in the making: complete only once it bears the name of the data directory.</summary>
    public string NewPath => Path + ".new";

    /// <summary>The former data directory that a clone replaced.</summary>
    public string DivergedPath => Path + ".diverged";

    /// <summary>Exists while a rewind is under way. Beside the directory: pg_rewind deletes what the source has
    /// not.</summary>
    public string RewindMarker => Path + ".rewinding";

    /// <summary>Exists from a clone until its first streaming or promotion: till then it holds nothing of its
    /// own.</summary>
    string CloneMarker => Path + ".cloned";

    /// <summary>The names of the slots that we made here, one on a line.</summary>
    public string SlotsFile => Path + ".slots";

    public string PassFile => Path + ".pgpass";

    /// <summary>Where initdb, pg_basebackup and pg_rewind work, so that leftovers of a dead agent can be
    /// found.</summary>
    public string WorkFolder => Path + ".work";

    public string WalFolder => In("pg_wal");
    public string ControlFile => In("global/pg_control");
    public string StandbySignal => In("standby.signal");

    public string In(string relative) => System.IO.Path.Combine(Path, relative);

    public DataState State =>
        File.Exists(RewindMarker) ? DataState.Unfinished
        : File.Exists(In("PG_VERSION")) && File.Exists(ControlFile) ? DataState.Usable
        : IsEmpty ? DataState.Empty
        : DataState.Unfinished;

    /// <summary>A base backup on which no server ran yet: PostgreSQL removes backup_label at its first start (its
    /// manual, 26.3.4).</summary>
    public bool IsUnstartedBackup => File.Exists(In("backup_label"));

    bool IsEmpty => !Directory.Exists(Path) || !Directory.EnumerateFileSystemEntries(Path).Any();

    /// <summary>13 to 18, from PG_VERSION; 0 when there is none.</summary>
    public int MajorVersion
    {
        get
        {
            try
            {
                return int.TryParse(
                    File.ReadAllText(In("PG_VERSION")).Trim(),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var major)
                    ? major
                    : 0;
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    /// <summary>Whoever starts this directory from now on gets a standby, which writes nothing of its own.</summary>
    public void EnsureStandbySignal()
    {
        if (File.Exists(In("PG_VERSION")) && !File.Exists(StandbySignal))
            files.CreateEmpty(StandbySignal);
    }

    public void RemoveSignals()
    {
        DurableFiles.Delete(StandbySignal);
        DurableFiles.Delete(In("recovery.signal"));
    }

    public void MarkRewinding() => files.CreateEmpty(RewindMarker);
    public void UnmarkRewinding() => DurableFiles.Delete(RewindMarker);

    /// <summary>The finished new directory takes the data directory's place; a former one that holds anything is kept
    /// as <see cref="DivergedPath"/>, which the caller has cleared.</summary>
    public void TakeNew()
    {
        if (!IsEmpty)
            DurableFiles.Move(Path, DivergedPath);
        else if (Directory.Exists(Path))
            Directory.Delete(Path);
        DurableFiles.Move(NewPath, Path);
        UnmarkRewinding();
    }

    public bool IsUnprovenClone => File.Exists(CloneMarker);
    public void MarkCloned() => files.CreateEmpty(CloneMarker);
    public void ProveClone() => DurableFiles.Delete(CloneMarker);

    /// <summary>True when the next <see cref="TakeNew"/> needs room at <see cref="DivergedPath"/>.</summary>
    public bool KeepsFormer => !IsEmpty;
}
