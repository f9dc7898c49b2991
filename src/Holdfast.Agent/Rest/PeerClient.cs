using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>Asks other agents (or Patroni members) what they are. Safe from any thread; one for a process. Never throws
/// for a peer that does not answer well.</summary>
public sealed class PeerClient : IDisposable
{
    /// <summary>From the call to the whole answer. A peer that needs longer does not count as reachable.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);

    const int AnswerBytesMax = 256 * 1024;
    const int ConnectionsPerPeerMax = 2;

    // Shorter than the server's own idle limit, so that a question seldom meets a connection that is just being closed.
    static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(15);

    readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = AnswerLimit,
        MaxConnectionsPerServer = ConnectionsPerPeerMax,
        PooledConnectionIdleTimeout = IdleLimit,
        UseCookies = false,
        UseProxy = false,
    })
    {
        Timeout = AnswerLimit,
        MaxResponseContentBufferSize = AnswerBytesMax,
    };

    /// <summary>Asks the agent that listens at <paramref name="peer"/>, by plain http.</summary>
    public ValueTask<PeerAnswer?> AskAsync(HostPort peer, CancellationToken stop) =>
        AskAsync($"http://{BracketedHost(peer.Host)}:{peer.Port}/patroni", stop);

    /// <param name="apiUrl">As members publish it: <c>http://HOST:PORT/patroni</c>.</param>
    /// <param name="stop">Ends the question.</param>
    /// <returns>Null: no answer within <see cref="AnswerLimit"/>, or none that is a status.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public async ValueTask<PeerAnswer?> AskAsync(string apiUrl, CancellationToken stop)
    {
        if (!Uri.TryCreate(apiUrl, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            return null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(uri, "/patroni"));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await _http.SendAsync(request, stop);
            return response.StatusCode == HttpStatusCode.OK
                ? PeerAnswerReader.Read(await response.Content.ReadAsByteArrayAsync(stop))
                : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    static string BracketedHost(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}
