using System.Collections.Immutable;
using System.Net.Sockets;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>Asks REST APIs of Patroni's. Each answer has a limit of time and of length. Safe from any thread.</summary>
internal sealed class PatroniApi : IDisposable
{
    /// <summary>From the request to the whole answer.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);

    const int AnswerBytesMax = 1024 * 1024;

    /// <summary>In seconds: what Patroni allows, and more.</summary>
    const int PeriodMax = 24 * 3600;

    readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = AnswerLimit,
    })
    {
        Timeout = AnswerLimit,
        MaxResponseContentBufferSize = AnswerBytesMax,
    };

    /// <returns>Null: none, or that is not Patroni.</returns>
    public async Task<PatroniAnswer?> AskAsync(Uri api, CancellationToken stop) =>
        await GetAsync(new Uri(api, "/primary"), stop) is var (code, body) ? PatroniAnswer.Read(code, body) : null;

    /// <returns>Empty: no answer.</returns>
    public async Task<ImmutableArray<PatroniMember>> MembersAsync(Uri api, CancellationToken stop) =>
        await GetAsync(new Uri(api, "/cluster"), stop) is (200, var body) ? PatroniMember.ReadAll(body) : [];

    /// <summary>Its ttl and loop_wait.</summary>
    public async Task<DynamicSettings?> SettingsAsync(Uri api, CancellationToken stop)
    {
        if (await GetAsync(new Uri(api, "/config"), stop) is not (200, var body)
            || LooseJson.Object(body) is not { } config)
            return null;
        var usual = new DynamicSettings();
        return usual with
        {
            Ttl = config.Number("ttl") is { } ttl and > 0 and <= PeriodMax ? TimeSpan.FromSeconds(ttl) : usual.Ttl,
            // Positions come with each answer, whatever the pace of Patroni's loop.
            LoopWait = PatroniPoll.Every,
        };
    }

    async Task<(int Code, string Body)?> GetAsync(Uri uri, CancellationToken stop)
    {
        try
        {
            using var answer = await _http.GetAsync(uri, stop);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(stop));
        }
        catch (Exception failed) when (failed is HttpRequestException or SocketException or IOException
            or InvalidOperationException)
        {
            return null; // Also a charset that nobody knows.
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();
}
