using System.Net.Sockets;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

internal enum Health
{
    /// <summary>Nobody answers: not up yet, or it hangs.</summary>
    Silent,

    /// <summary>It answers, and says that it can't serve.</summary>
    Unready,
    Ready,
}

/// <summary>Asks a program whether it serves. Never throws but for <c>stop</c>.</summary>
internal sealed class HealthProbe : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public void Dispose() => _http.Dispose();

    public async Task<Health> AskAsync(Readiness? readiness, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(Limit);
        try
        {
            switch (readiness)
            {
                case Readiness.Tcp tcp:
                    using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
                        await socket.ConnectAsync(tcp.Host, tcp.Port, limited.Token);
                    return Health.Ready;
                case Readiness.Http http:
                    using (var answer = await _http.GetAsync(http.Address, limited.Token))
                        return answer.IsSuccessStatusCode ? Health.Ready : Health.Unready;
                default:
                    return Health.Ready;
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            return Health.Silent;
        }
    }
}
