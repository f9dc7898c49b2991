using System.Collections.Immutable;
using System.Diagnostics;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Doubles.Postgres;

/// <summary>
/// Real PostgreSQL instances in a temporary folder, as user postgres, on free ports. Disposing it kills what still runs
/// and removes the folder.
/// </summary>
public sealed class PostgresSandbox : IAsyncDisposable
{
    const string DefaultUser = "postgres";

    readonly Dictionary<string, InstanceSettings> _settings = new(StringComparer.Ordinal);
    readonly List<PostgresInstance> _instances = [];

    public PostgresSandbox()
    {
        // Short, since the path of a unix socket has 107 bytes at most.
        Folder = Directory.CreateTempSubdirectory("hf").FullName;
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101);
    }

    public string Folder { get; }

    /// <summary>What every member's dynamic configuration adds: small and quick for tests.</summary>
    public static DynamicSettings Dynamic { get; } = new()
    {
        Parameters = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
            .Add("shared_buffers", "16MB")
            .Add("max_connections", "50"),
    };

    /// <summary>Folder of the newest installed PostgreSQL; null where there is none.</summary>
    public static string? BinDirectory { get; } =
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql")
                .Order(StringComparer.Ordinal)
                .Select(path => Path.Combine(path, "bin"))
                .LastOrDefault(path => File.Exists(Path.Combine(path, "initdb")))
            : null;

    /// <summary>The settings of the member of this name, always the same ones.</summary>
    public InstanceSettings Settings(string name)
    {
        if (_settings.TryGetValue(name, out var known))
            return known;
        var folder = Path.Combine(Folder, name);
        GiveFolder(folder);
        return _settings[name] = new InstanceSettings
        {
            Name = new NodeName(name),
            Scope = "sandbox",
            DataDirectory = Path.Combine(folder, "data"),
            BinDirectory = BinDirectory
                ?? throw new InvalidOperationException("no PostgreSQL under /usr/lib/postgresql"),
            ListenAddresses = "127.0.0.1",
            Port = FreePorts.Take(),
            ConnectHost = "127.0.0.1",
            SocketDirectory = Path.Combine(folder, "s"),
            LogFile = Path.Combine(folder, "postgres.out"),
            RunAs = Environment.IsPrivilegedProcess ? DefaultUser : null,
            Superuser = new Credentials("postgres", "super:secret'\\"),
            Replication = new Credentials("replicator", "replicates"),
            Rewind = new Credentials("rewinder", "rewinds"),
            Roles = ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("app", "app"),
            Databases = ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("app", "app"),
        };
    }

    public ServerAddress Address(string name)
    {
        var settings = Settings(name);
        return new ServerAddress(settings.Name, settings.ConnectHost, settings.Port);
    }

    /// <summary>A new instance object on the member's directory: the second one of a name is a restarted
    /// agent.</summary>
    public PostgresInstance Instance(string name)
    {
        var instance = new PostgresInstance(Settings(name), NullLogger<PostgresInstance>.Instance);
        _instances.Add(instance);
        return instance;
    }

    /// <summary>What a client of this member says to Npgsql.</summary>
    public string ConnectionString(string name, string user = "postgres", string database = "postgres")
    {
        var settings = Settings(name);
        var password = user == settings.Superuser.User ? settings.Superuser.Password : settings.Roles[user];
        return new Npgsql.NpgsqlConnectionStringBuilder
        {
            Host = settings.ConnectHost,
            Port = settings.Port,
            Username = user,
            Password = password,
            Database = database,
            Pooling = false,
            Timeout = 5,
        }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances)
        {
            instance.Kill();
            await instance.DisposeAsync();
        }
        await Eventually.IsAsync(
            "all servers ended", () => _instances.TrueForAll(instance => instance.Postmaster is null));
        await Eventually.IsAsync("the folder is removed", TryRemove);
    }

    /// <summary>An instance that has just noticed the end of its server may still be writing standby.signal.</summary>
    bool TryRemove()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    static void GiveFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!Environment.IsPrivilegedProcess)
            return;
        using var chown = Process.Start("chown", [DefaultUser, folder]);
        chown.WaitForExit();
    }
}
