using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Postgres.Instance;

/// <summary>Which parameters PostgreSQL gets: our defaults, then the cluster's, then the member's, then ours that
/// nobody overrides. Durability (fsync, full_page_writes, synchronous_commit) is left as PostgreSQL has it.</summary>
static class ServerParameters
{
    public const string PrimaryConninfo = "primary_conninfo";
    public const string PrimarySlotName = "primary_slot_name";
    public const string SynchronousStandbyNames = "synchronous_standby_names";

    /// <summary>What a replication slot may hold back, of the volume's size.</summary>
    const double SlotShareOfVolume = 0.20;

    const long BytesPerMegabyte = 1024 * 1024;

    /// <summary>Since Linux 5.8 syncfs(2) reports failed writes.</summary>
    static readonly Version SyncFileSystemTells = new(5, 8);

    static readonly FrozenSet<string> Ours = new[]
    {
        PrimaryConninfo, PrimarySlotName, SynchronousStandbyNames,
        "listen_addresses", "port", "cluster_name", "unix_socket_directories", "unix_socket_permissions",
        "hot_standby", "wal_log_hints", "restart_after_crash",
        "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file",
        "promote_trigger_file", "include", "include_dir", "include_if_exists",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>True when nobody but us sets this parameter (lower case).</summary>
    public static bool IsOurs(string name) =>
        Ours.Contains(name) || name.StartsWith("recovery_target", StringComparison.Ordinal);

    /// <summary>Those that hold for the life of a postmaster: they also stand on its command line, which wins over
    /// every file and over ALTER SYSTEM.</summary>
    public static ImmutableSortedDictionary<string, string> Fixed(InstanceSettings settings) =>
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["listen_addresses"] = settings.ListenAddresses,
            ["port"] = settings.Port.ToString(CultureInfo.InvariantCulture),
            ["cluster_name"] = settings.Scope,
            ["unix_socket_directories"] = settings.SocketDirectory,
            ["unix_socket_permissions"] = "0700",
            ["hot_standby"] = "on",
            ["wal_log_hints"] = "on",
            ["restart_after_crash"] = "off",
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>All parameters of the file, except the three that say how this server replicates.</summary>
    /// <param name="cluster">The dynamic configuration's.</param>
    public static ImmutableSortedDictionary<string, string> Merge(
        InstanceSettings settings,
        IEnumerable<KeyValuePair<string, string>> cluster,
        int majorVersion,
        long volumeBytes)
    {
        var merged = Defaults(majorVersion, volumeBytes);
        foreach (var (givenName, value) in cluster.Concat(settings.Parameters))
        {
            var name = givenName.ToLowerInvariant();
            if (ConfigurationText.IsName(name) && !IsOurs(name))
                merged[name] = value;
        }
        if (!merged["wal_level"].Equals("logical", StringComparison.OrdinalIgnoreCase))
            merged["wal_level"] = "replica";
        foreach (var (name, value) in Fixed(settings))
            merged[name] = value;
        merged["recovery_target_timeline"] = "latest";
        return merged.ToImmutable();
    }

    static ImmutableSortedDictionary<string, string>.Builder Defaults(int majorVersion, long volumeBytes)
    {
        var slotMegabytes = Math.Max(1024, (long)(volumeBytes * SlotShareOfVolume) / BytesPerMegabyte);
        var defaults = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        defaults["wal_level"] = "replica";
        defaults["max_wal_senders"] = "10";
        defaults["max_replication_slots"] = "10";
        defaults["wal_keep_size"] = "128MB";
        defaults["max_slot_wal_keep_size"] = $"{Math.Min(slotMegabytes, int.MaxValue)}MB";
        // A standby that lost its source asks again at once: after a crash restart the first synchronous write waits
        // for it.
        defaults["wal_retrieve_retry_interval"] = "100ms";
        defaults["wal_receiver_status_interval"] = "1s";
        // A silent peer is given up within these; the default is a minute.
        defaults["wal_receiver_timeout"] = "10s";
        defaults["wal_sender_timeout"] = "10s";
        // Before recovery PostgreSQL syncs the whole directory. File by file that took 1.8 to 3.8 s on a busy disk,
        // with one syncfs 0.2 to 0.4 s: it decides how soon a crashed primary is back. Older kernels hide its errors.
        if (majorVersion >= 14 && Environment.OSVersion.Version >= SyncFileSystemTells)
            defaults["recovery_init_sync_method"] = "syncfs";
        if (majorVersion < 14)
            defaults["password_encryption"] = "scram-sha-256"; // pg_hba asks for it, and 13 still stores md5.
        return defaults;
    }

    /// <summary>What a replica's command line must raise: a standby whose setting is below its primary's stops
    /// replaying (PostgreSQL manual, 27.4.3).</summary>
    public static IEnumerable<KeyValuePair<string, int>> Raised(
        IReadOnlyDictionary<string, string> configured, IReadOnlyDictionary<string, int>? floors)
    {
        foreach (var (name, floor) in floors ?? ImmutableSortedDictionary<string, int>.Empty)
        {
            var value = configured.TryGetValue(name, out var text)
                && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : BuiltIn(name);
            if (floor > value)
                yield return KeyValuePair.Create(name, floor);
        }
    }

    static int BuiltIn(string name) => name switch
    {
        "max_connections" => 100,
        "max_worker_processes" => 8,
        "max_wal_senders" => 10,
        "max_locks_per_transaction" => 64,
        _ => 0,
    };
}
