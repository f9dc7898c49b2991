using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Doubles.Store;
using Holdfast.Doubles;
using Holdfast.PgProxy.Pooling;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Shouldly;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary><c>holdfast pgproxy</c> in a process of its own, with an etcd that says who leads. The program is that
/// beside the tests, or HOLDFAST_PROGRAM.</summary>
sealed class LoneProxy : IAsyncDisposable
{
    const int LinesMax = 200;

    static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(20);
    static readonly PatroniKeys s_keys = new("service", "films");

    readonly string _folder = Directory.CreateTempSubdirectory("hf-proxy-").FullName;
    readonly EtcdCluster _etcd;
    readonly EtcdStore _store;
    readonly ConcurrentQueue<string> _lines = new();
    Process _process = null!;
    Task _reading = Task.CompletedTask;

    LoneProxy(EtcdCluster etcd) => (_etcd, _store) = (etcd, etcd.Connect());

    public int PrimaryPort { get; } = FreePorts.Take();
    public int Pid => _process.Id;
    public bool HasEnded => _process.HasExited;

    /// <summary>What it logged as an error, and what is no line of its log: a crash. None is expected ever.</summary>
    public ConcurrentQueue<string> Troubles { get; } = new();

    /// <summary>Its last lines, for people.</summary>
    public string Lines => string.Join('\n', _lines);

    /// <param name="serverPort">Who leads.</param>
    /// <param name="mode">Of the pools.</param>
    /// <param name="size">Of each pool.</param>
    /// <param name="users">As in PgBouncer's auth_file.</param>
    public static async Task<LoneProxy> StartAsync(
        int serverPort, PoolMode mode, int size, string users, CancellationToken stop)
    {
        var proxy = new LoneProxy(await EtcdCluster.StartAsync(1, stop));
        await proxy.PutAsync(s_keys.Config, """{"ttl":10}""", stop);
        var term = await proxy.PutAsync(s_keys.Leader, "n1", stop);
        await proxy.PutAsync(s_keys.Member("n1"), MemberJson.Write(Primary("n1", term, serverPort)), stop);
        var (file, list) = (Path.Combine(proxy._folder, "holdfast.yml"), Path.Combine(proxy._folder, "users"));
        await File.WriteAllTextAsync(list, users, stop);
        await File.WriteAllTextAsync(file, $$"""
            cluster: films
            hosts: { n1: 127.0.0.1 }
            etcd: { endpoints: ["{{proxy._etcd.Endpoints[0]}}"] }
            postgres: { on: [n1], users: { postgres: { password: secret } } }
            pgproxy:
              on: [n1]
              primary: {{proxy.PrimaryPort}}
              pool: {{mode.ToString().ToLowerInvariant()}}
              pool_size: {{size}}
            """, stop);
        proxy.Run(file, list);
        await Eventually.IsAsync($"the proxy listens:\n{proxy.Lines}", proxy.IsListening);
        return proxy;
    }

    void Run(string file, string users)
    {
        var program = Environment.GetEnvironmentVariable("HOLDFAST_PROGRAM") is { Length: > 0 } given
            ? given : Path.Combine(AppContext.BaseDirectory, "holdfast");
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                program,
                ["pgproxy", "--config", file, "--name", "n1", "--data", _folder, "--users", users])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = "/",
            },
        };
        _process.Start();
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    async Task ReadAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LinesMax)
                _lines.TryDequeue(out _);
            var isLog = line.StartsWith('{');
            if ((!isLog || line.Contains("\"level\":\"error\"", StringComparison.Ordinal)
                || line.Contains("\"level\":\"critical\"", StringComparison.Ordinal)) && Troubles.Count < LinesMax)
                Troubles.Enqueue(line);
        }
    }

    bool IsListening()
    {
        HasEnded.ShouldBeFalse(Lines);
        try
        {
            using var socket = new TcpClient("127.0.0.1", PrimaryPort);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Resident memory.</summary>
    public double Mebibytes => File.ReadLines($"/proc/{Pid}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => double.Parse(line["VmRSS:".Length..^"kB".Length], CultureInfo.InvariantCulture) / 1024)
        .First();

    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{Pid}/fd").Length;

    async Task<long> PutAsync(string key, string value, CancellationToken stop)
    {
        var result = await _store.CommitAsync(new Transaction([], [new Operation.Put(key, value)]), stop);
        result.Outcome.ShouldBe(WriteOutcome.Written);
        return result.Header.Revision;
    }

    /// <summary>As the supervisor would: asked first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            using var asked = Process.Start("kill", ["-TERM", $"{Pid}"]);
            await asked.WaitForExitAsync();
            using var limit = new CancellationTokenSource(s_endLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }
        await _reading;
        _process?.Dispose();
        _store.Dispose();
        await _etcd.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
