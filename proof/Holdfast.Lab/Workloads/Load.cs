using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Lab.Workloads;

/// <summary>Sends requests at a steady rate, whatever becomes of the earlier ones (open loop): a service that stands
/// still is met by all that its users would have sent meanwhile.</summary>
sealed class Load(Uri target, LoadMix mix) : IDisposable
{
    /// <summary>A user would have left.</summary>
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10), ConnectLimit = TimeSpan.FromSeconds(3);

    /// <summary>More than this under way are not sent, and count as errors.</summary>
    const int UnderWayMax = 5_000;

    const int WarmUps = 20, ReadBytes = 64 * 1024;

    readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = ConnectLimit })
    {
        BaseAddress = target,
        Timeout = Timeout.InfiniteTimeSpan,
    };
    readonly ConcurrentBag<LoadAttempt> _attempts = [];
    readonly ConcurrentDictionary<string, int> _errors = new(StringComparer.Ordinal);
    int _underWay;

    /// <summary>Errors by kind: a status, or a short word.</summary>
    public IReadOnlyDictionary<string, int> Errors => _errors;

    /// <param name="ratePerSecond">Requests per second.</param>
    /// <param name="period">For how long they are sent; the last answers are waited for.</param>
    /// <param name="stop">Ends the sending early.</param>
    /// <returns>By endpoint.</returns>
    public async Task<SortedDictionary<string, LoadReport>> RunAsync(
        double ratePerSecond, TimeSpan period, CancellationToken stop)
    {
        await WarmUpAsync();
        // Whoever breaks something under this load waits for this line.
        await Console.Error.WriteLineAsync($"sending {ratePerSecond} requests/s to {target} for {period}");
        var began = Now;
        var sent = new List<Task>();
        for (var index = 0; ; index++)
        {
            var due = began + (index * 1_000 / ratePerSecond);
            if (due >= began + period.TotalMilliseconds || !await UntilAsync(due, stop))
                break;
            sent.Add(SendAsync(mix.At(index), due));
        }
        var ended = Now;
        await Task.WhenAll(sent);
        return LoadReport.Of(_attempts, began, ended);
    }

    public void Dispose() => _http.Dispose();

    static double Now => Stopwatch.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Connections and code of our own must not be measured.</summary>
    async Task WarmUpAsync()
    {
        for (var index = 0; index < WarmUps; index++)
            _ = await TryAsync(mix.At(index));
    }

    static async ValueTask<bool> UntilAsync(double due, CancellationToken stop)
    {
        try
        {
            var wait = due - Now;
            if (wait > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(wait), stop);
            return !stop.IsCancellationRequested;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    async Task SendAsync(LoadRequest request, double due)
    {
        var error = Interlocked.Increment(ref _underWay) > UnderWayMax ? "not_sent" : await TryAsync(request);
        Interlocked.Decrement(ref _underWay);
        if (error is not null)
            _errors.AddOrUpdate(error, 1, static (_, count) => count + 1);
        _attempts.Add(new LoadAttempt(request.Endpoint, due, Now, error));
    }

    /// <returns>Null, or what went wrong.</returns>
    async Task<string?> TryAsync(LoadRequest request)
    {
        using var limit = new CancellationTokenSource(AnswerLimit);
        using var message = new HttpRequestMessage(
            request.Body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(request.Path, UriKind.Relative));
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        try
        {
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            await DrainAsync(answer, limit.Token);
            return (int)answer.StatusCode < 400 ? null : $"{(int)answer.StatusCode}";
        }
        catch (OperationCanceledException)
        {
            return "timeout";
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return "broken";
        }
    }

    static async Task DrainAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        await using var content = await answer.Content.ReadAsStreamAsync(stop);
        var buffer = new byte[ReadBytes];
        while (await content.ReadAsync(buffer, stop) > 0)
        {
            // Only its end matters.
        }
    }
}
