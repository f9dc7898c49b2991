using System.Diagnostics;
using System.Globalization;
using Holdfast.Doubles.Postgres;
using Holdfast.Doubles;

namespace Holdfast.FunctionalTests.PgProxy.Patroni;

/// <summary>
/// One real Patroni with its PostgreSQL. It ends, and ends its server, when it is disposed of, and also when the
/// process that runs the tests is killed: the shell that started it waits on a pipe whose other end only this process
/// holds.
/// </summary>
sealed class PatroniNode(string folder, string name, string etcd) : IAsyncDisposable
{
    const string Script = """
        patroni "$1" >>"$2" 2>&1 </dev/null &
        read -r word
        kill -TERM $! 2>/dev/null
        i=0
        while kill -0 $! 2>/dev/null && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
        kill -KILL $! 2>/dev/null
        postmaster=$(head -n 1 "$3/postmaster.pid" 2>/dev/null) && kill -QUIT "$postmaster"
        exit 0
        """;

    static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(60);

    Process? _shell;

    public string Name => name;
    public int Port { get; } = FreePorts.Take();
    public int Rest { get; } = FreePorts.Take();
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Rest}");
    public string File => Path.Combine(folder, $"{name}.yml");
    public string Log => Path.Combine(folder, $"{name}.log");
    string Data => Path.Combine(folder, name);

    public void Start()
    {
        System.IO.File.WriteAllText(File, Settings());
        _shell = Process.Start(Shell(["sh", "-c", Script, "patroni", File, Log, Data]))!;
    }

    /// <summary>In Patroni's user, where we are root.</summary>
    public static ProcessStartInfo Shell(string[] command)
    {
        string[] whole = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", .. command]
            : command;
        return new ProcessStartInfo(whole[0], whole[1..])
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C.UTF-8", ["LANG"] = "C.UTF-8" },
        };
    }

    string Settings() => $$"""
        scope: films
        name: {{name}}
        restapi: { listen: "127.0.0.1:{{Rest}}", connect_address: "127.0.0.1:{{Rest}}" }
        etcd3: { hosts: ["{{etcd}}"] }
        bootstrap:
          dcs:
            ttl: 20
            loop_wait: 1
            retry_timeout: 3
            postgresql: { use_pg_rewind: true, use_slots: true }
          initdb: [{ encoding: UTF8 }, data-checksums, no-sync]
          pg_hba:
          - local all all trust
          - host all all 127.0.0.1/32 scram-sha-256
          - host replication all 127.0.0.1/32 scram-sha-256
        postgresql:
          listen: 127.0.0.1:{{Port}}
          connect_address: 127.0.0.1:{{Port}}
          data_dir: {{Data}}
          bin_dir: {{PostgresSandbox.BinDirectory}}
          pgpass: {{folder}}/{{name}}.pgpass
          basebackup: [{ checkpoint: fast }]
          parameters:
            unix_socket_directories: {{folder}}
            shared_buffers: 16MB
            fsync: "off"
            wal_retrieve_retry_interval: 100ms
          authentication:
            superuser: { username: postgres, password: {{RealPostgres.Password}} }
            replication: { username: replicator, password: replicates }
            rewind: { username: rewinder, password: rewinds }

        """;

    public async ValueTask DisposeAsync()
    {
        if (_shell is null)
            return;
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync().WaitAsync(s_endLimit);
        _shell.Dispose();
    }
}
