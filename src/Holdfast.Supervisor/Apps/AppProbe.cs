using System.Globalization;
using System.Net.Sockets;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;

namespace Holdfast.Supervisor.Apps;

/// <summary>Asks an app whether it serves, as the file says. Safe from any thread; never throws but for
/// <c>stop</c>.</summary>
internal sealed class AppProbe(ProgramStarter starter) : IDisposable
{
    readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public void Dispose() => _http.Dispose();

    /// <returns>Null: it serves; else what is wrong, in words.</returns>
    public async Task<string?> AskAsync(ProgramSpec spec, RunningProgram running, CancellationToken stop)
    {
        // The kernel goes on taking connections for a process that was stopped (SIGSTOP).
        if (ProcessStat.Read(running.Identity.Pid) is { State: 'T' })
            return "its process stands still";
        var limit = spec.App!.Health.Timeout;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(limit);
        try
        {
            return spec.Readiness switch
            {
                Readiness.Tcp tcp => await ConnectAsync(tcp, limited.Token),
                Readiness.Http http => await GetAsync(http, limited.Token),
                Readiness.Command command => await RunAsync(spec, command, limited.Token),
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            var seconds = limit.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
            return $"no answer within {seconds} s";
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return failure.Message;
        }
    }

    static async Task<string?> ConnectAsync(Readiness.Tcp tcp, CancellationToken limited)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(tcp.Host, tcp.Port, limited);
        return null;
    }

    async Task<string?> GetAsync(Readiness.Http http, CancellationToken limited)
    {
        using var answer = await _http.GetAsync(http.Address, HttpCompletionOption.ResponseHeadersRead, limited);
        return answer.IsSuccessStatusCode ? null : $"{http.Address.PathAndQuery} answers {(int)answer.StatusCode}";
    }

    async Task<string?> RunAsync(ProgramSpec spec, Readiness.Command command, CancellationToken limited)
    {
        var end = await AppCommand.RunAsync(starter, spec, command.Words, isSilent: true, limited);
        return end.Code == 0 ? null : $"the check {end}";
    }
}
