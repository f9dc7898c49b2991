using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Holdfast.Store.Etcd;

/// <summary>HTTP to the members of etcd: which member to ask, how long to wait, what may be asked twice.</summary>
sealed class EtcdGateway : IDisposable
{
    /// <summary>The place of this host's own member among the endpoints.</summary>
    public const int Home = 0;

    readonly ImmutableArray<string> _endpoints;
    readonly EtcdClientSettings _settings;
    readonly ILogger _log;
    readonly HttpClient _http;
    int _preferred; // The member that answered last; calls begin there.
    long _leftHomeAt;

    public EtcdGateway(ImmutableArray<string> endpoints, EtcdClientSettings settings, ILogger log)
    {
        if (endpoints.IsDefaultOrEmpty)
            throw new ArgumentException("at least one etcd endpoint (host:port) is needed", nameof(endpoints));
        _endpoints = endpoints;
        _settings = settings;
        _log = log;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = settings.ConnectLimit,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        };
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan, // Each request carries its own limit.
            MaxResponseContentBufferSize = settings.AnswerBytesMax,
        };
    }

    /// <summary>Asks until a member settles it, the limit is over, or everybody was asked
    /// <paramref name="roundsMax"/> times. What is not <paramref name="repeatable"/> goes on to another member only
    /// while nothing of it was sent.</summary>
    public async ValueTask<Reply> AskAsync(
        string path, byte[] body, bool repeatable, CancellationToken stop, int roundsMax = int.MaxValue)
    {
        var started = Stopwatch.GetTimestamp();
        var first = repeatable && IsHomeWorthATry ? Home : Volatile.Read(ref _preferred);
        var sent = default(Reply?);
        for (var tried = 0; ; tried++)
        {
            var member = (first + tried) % _endpoints.Length;
            var left = _settings.CallLimit - Stopwatch.GetElapsedTime(started);
            var limit = repeatable && left > _settings.TryLimit ? _settings.TryLimit : left;
            var reply = await AskAtAsync(_endpoints[member], path, body, limit, stop);
            if (reply.IsSettled)
            {
                Volatile.Write(ref _preferred, member);
                return reply;
            }
            TurnAwayFrom(member, reply.Why);
            if (reply.Kind != ReplyKind.NotSent)
                sent = reply;
            if (!repeatable && sent is not null)
                return reply;
            var roundEnds = (tried + 1) % _endpoints.Length == 0;
            if (roundEnds && (tried + 1) / _endpoints.Length < roundsMax)
                await Task.Delay(_settings.RoundPause, stop);
            else if (roundEnds)
                return sent ?? reply;
            if (Stopwatch.GetElapsedTime(started) >= _settings.CallLimit)
                return sent ?? reply;
        }
    }

    /// <summary>Asks one member, once.</summary>
    public async ValueTask<Reply> AskAtAsync(
        string endpoint, string path, byte[] body, TimeSpan limit, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(limit > TimeSpan.Zero ? limit : TimeSpan.Zero);
        using var content = new SentContent(body);
        try
        {
            using var request = Post(endpoint, path, content);
            using var response = await _http.SendAsync(request, limited.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(limited.Token);
            return response.StatusCode == HttpStatusCode.OK
                ? Reply.Answered(answer)
                : Reply.OfError((int)response.StatusCode, answer);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return content.WasSent
                ? Reply.Lost($"{endpoint} did not answer within {limit.TotalMilliseconds:0} ms")
                : Reply.NotSent($"{endpoint} did not take a connection in time");
        }
        // The bare one: a new connection that was reset before the handler had asked it for its peer.
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return content.WasSent
                ? Reply.Lost($"{endpoint} broke the connection: {e.Message}")
                : Reply.NotSent($"{endpoint} can't be reached: {e.Message}");
        }
    }

    /// <summary>Begins a stream at the first member that takes it. The caller disposes of it.</summary>
    public async ValueTask<EtcdStream> OpenAsync(string path, byte[] body, CancellationToken stop)
    {
        var first = Volatile.Read(ref _preferred);
        var why = "";
        for (var tried = 0; tried < _endpoints.Length; tried++)
        {
            var member = (first + tried) % _endpoints.Length;
            try
            {
                var stream = await OpenAtAsync(member, path, body, stop);
                Volatile.Write(ref _preferred, member);
                return stream;
            }
            catch (StoreUnavailableException e)
            {
                why = e.Message;
                TurnAwayFrom(member, why);
            }
        }
        throw new StoreUnavailableException(why);
    }

    /// <summary>Calls begin at the first endpoint, as they do where nothing is wrong.</summary>
    public bool IsHome => Volatile.Read(ref _preferred) == Home;

    // The first endpoint is the one on this host, and whoever depends on another one falls with that host too.
    bool IsHomeWorthATry =>
        !IsHome && Stopwatch.GetElapsedTime(Volatile.Read(ref _leftHomeAt)) >= _settings.HomeAfter;

    /// <summary>The next call begins at the member after <paramref name="member"/>, unless calls already
    /// left it.</summary>
    public void TurnAwayFrom(int member, string why)
    {
        if (member == Home)
            Volatile.Write(ref _leftHomeAt, Stopwatch.GetTimestamp());
        var next = (member + 1) % _endpoints.Length;
        if (Interlocked.CompareExchange(ref _preferred, next, member) == member && next != member)
            _log.LeftMember(_endpoints[member], _endpoints[next], why);
    }

    async ValueTask<EtcdStream> OpenAtAsync(int member, string path, byte[] body, CancellationToken stop)
    {
        var endpoint = _endpoints[member];
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(_settings.TryLimit);
        using var content = new SentContent(body);
        using var request = Post(endpoint, path, content);
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited.Token);
            if (response.StatusCode == HttpStatusCode.OK)
                return new EtcdStream(member, endpoint, response, await response.Content.ReadAsStreamAsync(stop));
            var status = (int)response.StatusCode;
            response.Dispose();
            throw new StoreUnavailableException($"{endpoint} answered HTTP {status} to a watch");
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new StoreUnavailableException($"{endpoint} did not begin a watch in time", e);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            throw new StoreUnavailableException($"{endpoint} can't be watched: {e.Message}", e);
        }
    }

    static HttpRequestMessage Post(string endpoint, string path, HttpContent content) =>
        new(HttpMethod.Post, $"http://{endpoint}{path}") { Content = content };

    public void Dispose() => _http.Dispose();
}
