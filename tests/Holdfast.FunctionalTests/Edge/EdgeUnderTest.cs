using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Edge;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Instance = Holdfast.Edge.Backends.Instance;
using Standing = Holdfast.Edge.Health.Standing;

namespace Holdfast.FunctionalTests.Edge;

/// <summary>A running edge on free ports, in front of fake apps that the test announces.</summary>
sealed class EdgeUnderTest : IAsyncDisposable
{
    public const string App = "bingo";

    /// <summary>One check, and then only out of doubt: for tests that are not about health.</summary>
    public static readonly HealthSettings Calm = new() { Http = "/ping", Every = TimeSpan.FromHours(1) };
    public static readonly HealthSettings Watchful = new() { Http = "/ping", Every = TimeSpan.FromMilliseconds(500) };

    readonly CancellationTokenSource _stop = new();
    readonly HoldfastKeys _keys = new("films");
    readonly LinesInMemory _lines = new();
    readonly Task _running;

    EdgeUnderTest(EdgeServer server, MemoryStore store, HoldfastKeys keys, LinesInMemory lines)
    {
        (Server, Store, _keys, _lines) = (server, store, keys, lines);
        _running = server.RunAsync(_stop.Token);
        Client = NewClient();
    }

    public EdgeServer Server { get; }
    public MemoryStore Store { get; }
    public HttpClient Client { get; }
    public Uri Origin => new($"http://127.0.0.1:{Server.HttpEndPoint.Port}");

    /// <summary>Of the access log.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object?>> Lines => [.. _lines.Lines];

    public static RouteSettings ToApp { get; } = new() { Path = "/", To = App };

    /// <summary>Starts it, announces <paramref name="apps"/> as healthy, and waits until all are usable.</summary>
    public static async Task<EdgeUnderTest> StartAsync(
        IEnumerable<FakeApp> apps, HealthSettings? health = null, RouteSettings? route = null,
        IEnumerable<FakeApp>? expected = null, bool isStoreAway = false)
    {
        var (keys, lines) = (new HoldfastKeys("films"), new LinesInMemory());
        var store = new MemoryStore(TimeProvider.System) { IsReachable = !isStoreAway };
        var server = new EdgeServer(
            new FrontSettings
            {
                Address = IPAddress.Loopback,
                HttpPort = 0,
                MetricsPort = 0,
                Routes = [route ?? ToApp],
                Apps = [new AppSettings { Name = App, On = [], Command = ["x"], Port = 1, Health = health ?? Calm }],
                Expected = [.. (expected ?? []).Select(app => Told(app, AppState.Starting, 1))],
                DrainLimit = TimeSpan.FromSeconds(5),
            },
            store, keys, TimeProvider.System, NullLoggerFactory.Instance, lines);
        await server.StartAsync(CancellationToken.None);
        var edge = new EdgeUnderTest(server, store, keys, lines);
        foreach (var app in apps)
            await edge.AnnounceAsync(app);
        foreach (var app in apps)
            await edge.UntilAsync(app, Standing.Usable);
        return edge;
    }

    public async Task AnnounceAsync(FakeApp app, AppState state = AppState.Healthy, int weight = 1) =>
        (await Store.CommitAsync(new Transaction([], [new Operation.Put(
            _keys.Instance(App, new NodeName(app.Name)), AppInstanceJson.Write(Told(app, state, weight)))]),
            CancellationToken.None)).Outcome.ShouldBe(WriteOutcome.Written);

    public async Task WithdrawAsync(FakeApp app) =>
        (await Store.CommitAsync(new Transaction([], [new Operation.Delete(
            _keys.Instance(App, new NodeName(app.Name)))]), CancellationToken.None))
            .Outcome.ShouldBe(WriteOutcome.Written);

    public Instance? Find(FakeApp app) => Server.Instances.FirstOrDefault(known => known.Address == app.Address);

    public Task UntilAsync(FakeApp app, Standing standing) =>
        Wait.UntilAsync(() => Find(app)?.Standing == standing, $"{app.Name} is {standing}");

    public HttpClient NewClient() => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
    {
        BaseAddress = Origin,
        Timeout = Wait.Limit,
    };

    public async Task<string> MetricsAsync()
    {
        using var client = new HttpClient { Timeout = Wait.Limit };
        return await client.GetStringAsync($"http://127.0.0.1:{Server.MetricsEndPoint.Port}/metrics");
    }

    /// <summary>Completes when it has drained.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        await Server.DisposeAsync();
        _stop.Dispose();
    }

    static AppInstance Told(FakeApp app, AppState state, int weight) =>
        new(App, new NodeName(app.Name), app.Address, state, weight);

    sealed class LinesInMemory : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<IReadOnlyDictionary<string, object?>> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;
        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(((IReadOnlyList<KeyValuePair<string, object?>>)state!).ToImmutableSortedDictionary(
                StringComparer.Ordinal));

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
