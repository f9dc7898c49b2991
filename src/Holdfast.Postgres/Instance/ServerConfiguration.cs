using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>
/// postgresql.conf and pg_hba.conf of one data directory, and what stands in them. A new agent learns from the files
/// what the one before it had set, so that adopting a primary never drops its synchronous standbys. Safe from any
/// thread.
/// </summary>
sealed class ServerConfiguration(InstanceSettings settings, DataDirectory data, DurableFiles files)
{
    readonly Lock _gate = new();
    DynamicSettings? _cluster;
    string _primaryConninfo = "", _synchronousStandbyNames = "";
    string? _slotName, _keptAccess;

    string ConfigurationFile => data.In("postgresql.conf");
    string BaseFile => data.In(ConfigurationText.BaseFile);
    string AccessFile => data.In("pg_hba.conf");
    string AutomaticFile => data.In("postgresql.auto.conf");

    public string PrimaryConninfo { get { lock (_gate) return _primaryConninfo; } }

    /// <summary>Takes over what the files of a running or stopped server say.</summary>
    public void Load()
    {
        lock (_gate)
        {
            var written = Written();
            _primaryConninfo = written.GetValueOrDefault(ServerParameters.PrimaryConninfo, "");
            _slotName = written.GetValueOrDefault(ServerParameters.PrimarySlotName);
            _synchronousStandbyNames = written.GetValueOrDefault(ServerParameters.SynchronousStandbyNames, "");
        }
    }

    public void SetCluster(DynamicSettings cluster)
    {
        lock (_gate)
            (_cluster, _keptAccess) = (cluster, null);
    }

    /// <summary>The text that <paramref name="cluster"/> would give, for a check before it is taken; null: as it
    /// stands.</summary>
    public string? Candidate(DynamicSettings cluster)
    {
        lock (_gate)
        {
            var text = Text(cluster.Parameters);
            return string.Equals(text, ReadOrEmpty(ConfigurationFile), StringComparison.Ordinal) ? null : text;
        }
    }

    /// <summary>initdb's own file has been put aside, and ours can include it.</summary>
    public bool HasBase => File.Exists(BaseFile);

    /// <summary>The text of pg_hba.conf in force.</summary>
    public string Access => ReadOrEmpty(AccessFile);

    /// <summary>Goes back to <paramref name="former"/>, until other settings come: PostgreSQL would not start with a
    /// bad one.</summary>
    public void KeepAccess(string former)
    {
        lock (_gate)
            _keptAccess = former;
    }

    /// <summary>Streams from <paramref name="source"/>, or from nobody.</summary>
    public void SetSource(ServerAddress? source)
    {
        lock (_gate)
        {
            _primaryConninfo = source is { } server ? ConninfoOf(server) : "";
            _slotName = source is not null && _cluster?.UseSlots is not false ? settings.Name.SlotName : "";
        }
    }

    public bool Follows(ServerAddress source) => PrimaryConninfo == ConninfoOf(source);

    string ConninfoOf(ServerAddress source) =>
        Conninfo.Of(source, settings.Replication.User, settings.Name, data.PassFile, database: null);

    public void SetSynchronousStandbyNames(string names)
    {
        lock (_gate)
            _synchronousStandbyNames = names;
    }

    /// <summary>Makes the files say what is set, on disk. False when they said so already.</summary>
    public bool Write()
    {
        lock (_gate)
        {
            if (!File.Exists(BaseFile))
                DurableFiles.Move(ConfigurationFile, BaseFile);
            // Until the store answered, the cluster's parameters are those that were written last.
            IEnumerable<KeyValuePair<string, string>> cluster = _cluster is { } known ? known.Parameters : Written();
            var changed = WriteIfOther(ConfigurationFile, Text(cluster));
            if (File.Exists(AccessFile)
                && !File.ReadAllText(AccessFile).StartsWith(HostBasedAccess.Header, StringComparison.Ordinal))
                DurableFiles.Move(AccessFile, data.In("pg_hba.base.conf"));
            if (AccessText() is { } access)
                changed |= WriteIfOther(AccessFile, access);
            changed |= DropFromAutomatic();
            WritePassFile();
            return changed;
        }
    }

    /// <summary>The parameters that stand in the file.</summary>
    public ImmutableSortedDictionary<string, string> Written()
    {
        var text = ReadOrEmpty(ConfigurationFile);
        return text.StartsWith(ConfigurationText.Header, StringComparison.Ordinal)
            ? ConfigurationText.Parse(text)
            : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    }

    public void WritePassFile() =>
        WriteIfOther(data.PassFile, Conninfo.PassFile(settings.Replication, settings.Rewind, settings.Superuser));

    /// <summary>Null: the lines in force stay, since nobody told us the cluster's yet.</summary>
    string? AccessText()
    {
        if (_keptAccess is { } kept)
            return kept;
        if (_cluster is null && settings.PgHba.Length == 0
            && ReadOrEmpty(AccessFile).StartsWith(HostBasedAccess.Header, StringComparison.Ordinal))
        {
            return null;
        }
        return HostBasedAccess.Text(settings.PgHba, _cluster?.PgHba ?? []);
    }

    /// <summary>ALTER SYSTEM must not point this server elsewhere: its file is read after ours.</summary>
    bool DropFromAutomatic()
    {
        var text = ReadOrEmpty(AutomaticFile);
        return text.Length > 0 && WriteIfOther(AutomaticFile, ConfigurationText.WithoutOurs(text));
    }

    string Text(IEnumerable<KeyValuePair<string, string>> cluster) => ConfigurationText.Format(
        ServerParameters.Merge(settings, cluster, data.MajorVersion, new DriveInfo(data.Parent).TotalSize)
            .SetItem(ServerParameters.PrimaryConninfo, _primaryConninfo)
            .SetItem(ServerParameters.PrimarySlotName, _slotName ?? "")
            .SetItem(ServerParameters.SynchronousStandbyNames, _synchronousStandbyNames));

    bool WriteIfOther(string path, string text)
    {
        if (File.Exists(path) && string.Equals(File.ReadAllText(path), text, StringComparison.Ordinal))
            return false;
        files.Write(path, text);
        return true;
    }

    static string ReadOrEmpty(string path) => File.Exists(path) ? File.ReadAllText(path) : "";
}
