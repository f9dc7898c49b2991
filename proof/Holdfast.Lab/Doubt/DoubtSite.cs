using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Doubt;

/// <summary>Where the clients of a check are: at a lab's bridge, beside a proxy whose host has no PostgreSQL and is
/// never harmed.</summary>
sealed class DoubtSite : IDisposable
{
    const string Table = "doubtful";
    const int SocketsAtOnce = 32;

    /// <summary>For one connection to a proxy, one cancel request, one look at its metrics.</summary>
    static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(2);

    /// <summary>Until the cluster has a primary and all its standbys count.</summary>
    static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(60);

    /// <summary>For a question that is asked until it is answered.</summary>
    static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(60);

    readonly LabState _state;
    readonly IPEndPoint _proxy;
    readonly Uri _metrics;
    readonly HttpClient _http;
    readonly Credentials _app, _superuser;
    readonly Stack<Socket> _sockets = new();
    readonly Lock _gate = new();

    public DoubtSite(string lab, ClusterFile file)
    {
        (Lab, File, _state) = (lab, file, Labs.Get(lab));
        var name = file.PgProxy?.On.Where(host => !file.Postgres.On.Contains(host)).Cast<NodeName?>().FirstOrDefault()
            ?? throw new LabException("these checks need a proxy on a host without PostgreSQL: bench/doubt-tier.yml");
        var metrics = file.PgProxy!.Operation.Metrics
            ?? throw new LabException("these checks read the proxy's counters: set pgproxy.metrics");
        var address = _state.Host(name.Value).Address;
        _proxy = new IPEndPoint(IPAddress.Parse(address), file.PgProxy.Primary);
        _metrics = new Uri($"http://{address}:{metrics}/metrics");
        _http = LabHttp.Client(_state, StepLimit);
        (_app, _superuser) = (Credentials.Of(file), Credentials.Superuser(file));
    }

    public string Lab { get; }
    public ClusterFile File { get; }

    public Scene SceneOf(string primary) => new(Lab, File, primary);

    /// <summary>Null: there was nobody, or the login was refused.</summary>
    public Task<WireClient?> TryLoginAsync(CancellationToken stop) => TryLoginAsync(_app, stop);

    async Task<WireClient?> TryLoginAsync(Credentials who, CancellationToken stop) =>
        await TryConnectAsync(stop) is { } socket ? await WireClient.TryLoginAsync(socket, who, stop) : null;

    /// <summary>Returns when it has been dealt with, as far as a client can see that.</summary>
    public async Task CancelAsync(ReadOnlyMemory<byte> request, CancellationToken stop)
    {
        using var socket = await TryConnectAsync(stop);
        if (socket is null)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(StepLimit);
        try
        {
            _ = await socket.SendAsync(request, limit.Token);
            _ = await socket.ReceiveAsync(new byte[1], limit.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
        }
    }

    public async Task<ProxyCounts> CountsAsync(CancellationToken stop) =>
        ProxyCounts.Read(await _http.GetStringAsync(_metrics, stop));

    public async Task CreateTableAsync(CancellationToken stop)
    {
        foreach (var step in (string[])[
            $"DROP TABLE IF EXISTS {Table}",
            // No key: what is there twice is to be seen.
            $"CREATE TABLE {Table} (round int, client int, number int)",
            $"CREATE INDEX ON {Table} (round)"])
        {
            _ = await UntilAnsweredAsync(_app, step, stop);
        }
    }

    public static string Insert(int round, Row row) => string.Create(
        CultureInfo.InvariantCulture, $"INSERT INTO {Table} VALUES ({round}, {row.Client}, {row.Number})");

    public async Task<IReadOnlyList<Row>> RowsAsync(int round, CancellationToken stop)
    {
        var rows = await UntilAnsweredAsync(_app, $"SELECT client, number FROM {Table} WHERE round = {round}", stop);
        return [.. rows.Select(row => new Row(Number(row[0]), Number(row[1])))];
    }

    /// <summary>Until all members but the primary count for the quorum.</summary>
    /// <returns>The primary.</returns>
    public async Task<string> UntilWholeAsync(CancellationToken stop)
    {
        var (primary, standbys) = ("", 0);
        var isWhole = await Wait.ForAsync(async () =>
        {
            (primary, standbys) = await LookAsync(stop);
            return standbys == File.Postgres.On.Length - 1;
        }, WholeLimit, stop);
        return isWhole ? primary : throw new LabException(
            $"{primary} has {standbys} synchronous standbys after {WholeLimit.TotalSeconds} s");
    }

    public async Task<string> PrimaryAsync(CancellationToken stop) => (await LookAsync(stop)).Primary;

    async Task<(string Primary, int Standbys)> LookAsync(CancellationToken stop)
    {
        var rows = await UntilAnsweredAsync(_superuser,
            "SELECT host(inet_server_addr()), count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'", stop);
        var address = rows[0][0];
        return (_state.Hosts.First(host => host.Address == address).Name, Number(rows[0][1]));
    }

    /// <summary>Of what may be asked twice.</summary>
    async Task<IReadOnlyList<string?[]>> UntilAnsweredAsync(Credentials who, string sql, CancellationToken stop)
    {
        WireAnswer? answer = null;
        var isAnswered = await Wait.ForAsync(async () =>
        {
            using var client = await TryLoginAsync(who, stop);
            answer = client is null ? null : await client.AskAsync(sql, stop);
            return answer is { IsSuccess: true };
        }, AskLimit, stop);
        return isAnswered ? answer!.Rows : throw new LabException(
            $"no answer within {AskLimit.TotalSeconds} s to '{sql}': {answer?.Error?.Message ?? "no connection"}");
    }

    async Task<Socket?> TryConnectAsync(CancellationToken stop)
    {
        var socket = await Connecting.TryAsync(TakeSocket(), _proxy, StepLimit, stop);
        if (socket is null)
            stop.ThrowIfCancellationRequested();
        return socket;
    }

    // Each visit to the bridge's namespace costs a thread: a storm makes hundreds of sockets a second.
    Socket TakeSocket()
    {
        lock (_gate)
        {
            if (_sockets.Count == 0)
            {
                foreach (var socket in NamespaceSocket.OpenTcp(
                    Cabling.PathOf(_state.Network.Namespace), SocketsAtOnce))
                {
                    socket.NoDelay = true;
                    _sockets.Push(socket);
                }
            }
            return _sockets.Pop();
        }
    }

    static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _http.Dispose();
        while (_sockets.TryPop(out var socket))
            socket.Dispose();
    }
}
