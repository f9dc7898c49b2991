using System.Net.Sockets;
using Holdfast.Edge.Backends;

namespace Holdfast.Edge.Health;

/// <summary>Asks one instance whether it serves, on a new connection each time.</summary>
internal sealed class Probe(Instance instance) : IDisposable
{
    readonly HttpMessageInvoker _client = InstanceClient.CreateForChecks();

    /// <summary>Within the check's timeout.</summary>
    /// <returns>Null: it serves; else why not, for people.</returns>
    public async Task<string?> WhyBadAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(instance.Check.Timeout);
        try
        {
            return await (instance.Check.Path is { } path ? AskAsync(path, limit.Token) : ConnectAsync(limit.Token));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"no answer within {instance.Check.Timeout.TotalMilliseconds:0} ms";
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or SocketException)
        {
            return failed.Message;
        }
    }

    async Task<string?> AskAsync(string path, CancellationToken limit)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(instance.Origin, path));
        request.Headers.ConnectionClose = true;
        using var answer = await _client.SendAsync(request, limit);
        return answer.IsSuccessStatusCode ? null : $"{path} answered {(int)answer.StatusCode}";
    }

    async Task<string?> ConnectAsync(CancellationToken limit)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(instance.Origin.IdnHost, instance.Origin.Port, limit);
        return null;
    }

    public void Dispose() => _client.Dispose();
}
