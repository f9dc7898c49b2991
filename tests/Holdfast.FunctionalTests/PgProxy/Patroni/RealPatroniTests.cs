using System.Diagnostics;
using System.Net;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.PgProxy;
using Holdfast.Doubles.Store;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing.Patroni;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Patroni;

/// <summary>The distribution's Patroni with two members, and a proxy that knows the REST API of one.</summary>
public sealed class RealPatroniTests : IAsyncLifetime
{
    /// <summary>A Patroni that starts, or clones, on a busy machine.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    readonly string _folder = Directory.CreateTempSubdirectory("hf").FullName;
    readonly CancellationTokenSource _over = new();
    EtcdCluster _etcd = null!;
    PatroniNode _p1 = null!, _p2 = null!;
    PatroniPoll _poll = null!;
    PgProxyServer _proxy = null!;
    Task _running = Task.CompletedTask;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Open, since Patroni runs as another user; and its own.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        if (Environment.IsPrivilegedProcess)
            await Process.Start("chown", ["postgres", _folder]).WaitForExitAsync(Stop);
        _etcd = await EtcdCluster.StartAsync(1, Stop);
        _p1 = new PatroniNode(_folder, "p1", _etcd.Members[0].Endpoint);
        _p2 = new PatroniNode(_folder, "p2", _etcd.Members[0].Endpoint);
        _poll = new PatroniPoll([_p1.Url], () => BootClock.Now, NullLogger.Instance);
        _proxy = new PgProxyServer(
            new ProxySettings
            {
                Cluster = "films",
                Address = IPAddress.Loopback,
                PrimaryPort = 0,
                ReplicasPort = 0,
                DrainLimit = TimeSpan.Zero,
                HoldTimeout = s_limit,
                Pools = new PoolSettings { Mode = PoolMode.Transaction, Loops = 1 },
            },
            _poll, new FakeTermMemory(), () => BootClock.Now, NullLoggerFactory.Instance,
            new Access
            {
                Users = new FileSecrets(new Dictionary<string, UserSecret>
                {
                    ["postgres"] = UserSecret.Of("postgres", RealPostgres.Password),
                }),
            });
        _running = Task.WhenAll(_poll.RunAsync(_over.Token), _proxy.RunAsync(_over.Token));
    }

    [Fact]
    public async Task Writes_follow_the_primary_through_a_switchover_and_reads_its_replica()
    {
        _p1.Start();
        // Held until there is a primary.
        await using var connection = await OpenAsync(_proxy.PrimaryEndPoint.Port);
        await Queries.AskAsync(connection, "CREATE TABLE film (title text)");
        await Queries.AskAsync(connection, "INSERT INTO film VALUES ('Metropolis')");
        (await ServerAsync(connection)).ShouldBe(_p1.Port);

        _p2.Start();
        await UntilAsync(() => IsStreaming("p2"), _p2.Log);
        await using var reader = await OpenAsync(_proxy.ReplicasEndPoint!.Port);
        await UntilAsync(async () => await ServerAsync(reader) == _p2.Port, _p2.Log);
        (await Queries.AskAsync(reader, "SELECT pg_is_in_recovery()")).ShouldBe(true);
        // Whom Patroni takes for a candidate it sees in its store, a little later.
        await UntilAsync(async () => Leads("p2") || await SwitchOverAsync("p2"), _p1.Log);
        await UntilAsync(() => Leads("p2"), _p2.Log);
        await Queries.AskAsync(connection, "INSERT INTO film VALUES ('M')");
        (await ServerAsync(connection)).ShouldBe(_p2.Port);
        (await Queries.AskAsync(connection, "SELECT count(*) FROM film")).ShouldBe(2L);
        // Patroni 3.0.2's demotion hangs now and then, for good, behind "Leader key released"; a new start does not.
        await _p1.DisposeAsync();
        _p1.Start();
        await UntilAsync(async () => await IsServedByAsync(reader, _p1.Port), _p1.Log);
    }

    bool Leads(string name) => _poll.Current?.View.Leader?.Holder.Value == name;

    bool IsStreaming(string name) =>
        _poll.Current?.View.Member(new NodeName(name)) is { Role: "replica", State: "running", Replayed: not null };

    async Task<bool> SwitchOverAsync(string candidate)
    {
        var start = PatroniNode.Shell(
            ["patronictl", "-c", _p1.File, "switchover", "films", "--candidate", candidate, "--force"]);
        using var patronictl = Process.Start(start)!;
        patronictl.StandardInput.Close();
        var (output, error) = (
            patronictl.StandardOutput.ReadToEndAsync(Stop), patronictl.StandardError.ReadToEndAsync(Stop));
        await patronictl.WaitForExitAsync(Stop);
        return (await output + await error).Contains("Successfully switched over", StringComparison.Ordinal);
    }

    static async Task<NpgsqlConnection> OpenAsync(int port)
    {
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(port))
        {
            Timeout = (int)s_limit.TotalSeconds, CommandTimeout = (int)s_limit.TotalSeconds,
        };
        var connection = new NpgsqlConnection(conninfo.ConnectionString);
        await connection.OpenAsync(Stop);
        return connection;
    }

    static async Task<int> ServerAsync(NpgsqlConnection connection) =>
        Convert.ToInt32(await Queries.AskAsync(connection, "SELECT inet_server_port()"), null);

    // The former primary may start more than once before it follows.
    static async Task<bool> IsServedByAsync(NpgsqlConnection connection, int port)
    {
        try
        {
            return await ServerAsync(connection) == port;
        }
        catch (PostgresException lost) when (lost.SqlState is "08007" or "40001")
        {
            return false;
        }
    }

    static Task UntilAsync(Func<bool> condition, string log) => UntilAsync(() => Task.FromResult(condition()), log);

    static async Task UntilAsync(Func<Task<bool>> condition, string log)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(s_limit);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
                Assert.Fail(await File.ReadAllTextAsync(log, Stop));
            await Task.Delay(100, Stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _running;
        _proxy.Dispose();
        _poll.Dispose();
        await Task.WhenAll(_p1.DisposeAsync().AsTask(), _p2.DisposeAsync().AsTask());
        await _etcd.DisposeAsync();
        _over.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
