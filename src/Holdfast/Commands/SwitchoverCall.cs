using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Commands;

/// <summary><c>POST /switchover</c> at the leader's agent, or at another's while that one can't be reached.</summary>
sealed class SwitchoverCall : IDisposable
{
    static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    // The agent's own rule is twice the larger of 10 s and loop_wait; it must be the one that gives up first.
    static readonly TimeSpan PatienceMin = TimeSpan.FromSeconds(10), Spare = TimeSpan.FromSeconds(5);

    const int AnswerBytesMax = 64 * 1024;

    readonly ClusterView _view;
    readonly HttpClient _http;

    public SwitchoverCall(ClusterView view)
    {
        _view = view;
        var loopWait = view.Settings?.LoopWait ?? TimeSpan.Zero;
        var patience = 2 * (loopWait > PatienceMin ? loopWait : PatienceMin);
        _http =
            new(new SocketsHttpHandler { ConnectTimeout = ConnectLimit, UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = patience + Spare,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
    }

    /// <returns>The agent's code and text; code 0 when none answered.</returns>
    public async Task<(int Code, string Text)> SendAsync(string leader, string? candidate, CancellationToken stop)
    {
        var body = Body(leader, candidate);
        var unreachable = new List<string>();
        foreach (var member in MembersLeaderFirst())
        {
            try
            {
                return await PostAsync(new Uri(new Uri(member.ApiUrl), "/switchover"), body, stop);
            }
            catch (Exception refused) when (WasNotSent(refused))
            {
                unreachable.Add($"{member.Name} ({refused.Message})");
            }
            catch (Exception broken) when (IsBroken(broken, stop))
            {
                return (0, $"{member.Name} took the request and did not answer: {broken.Message}; "
                    + "operation may still be in progress");
            }
        }
        return (0, unreachable.Count == 0
            ? "no member has registered an API address"
            : $"no agent can be reached: {string.Join(", ", unreachable)}");
    }

    public void Dispose() => _http.Dispose();

    IEnumerable<MemberView> MembersLeaderFirst() => _view.Members
        .Where(member => Uri.TryCreate(member.ApiUrl, UriKind.Absolute, out _))
        .OrderBy(member => member.Name == _view.Leader?.Holder ? 0 : 1);

    async Task<(int Code, string Text)> PostAsync(Uri url, byte[] body, CancellationToken stop)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _http.PostAsync(url, content, stop);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(stop));
    }

    // Asking another agent is safe only when this one can't have begun: two wishes would get in each other's way.
    static bool WasNotSent(Exception refused) => refused is SocketException or HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
    };

    static bool IsBroken(Exception broken, CancellationToken stop) =>
        broken is HttpRequestException or IOException
        || (broken is OperationCanceledException && !stop.IsCancellationRequested);

    static byte[] Body(string leader, string? candidate)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("leader", leader);
            if (candidate is not null)
                json.WriteString("candidate", candidate);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
