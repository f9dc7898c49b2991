using System.Text.Json;
using Holdfast.Foundation.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Status;

/// <summary>GET /status over HTTP on a unix socket that everybody on the host may read.</summary>
internal sealed class StatusServer(string path, Func<NodeStatus> status, ILoggerFactory logs) : IAsyncDisposable
{
    const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    WebApplication? _application;

    public async Task StartAsync(CancellationToken stop)
    {
        File.Delete(path); // A killed supervisor leaves it behind.
        // Empty, since any other builder watches the files of its content root for changes, and ours is "/".
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(new SharedLogs(logs));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.ListenUnixSocket(path));
        // The supervisor alone decides what a signal means.
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoLifetime>());
        _application = builder.Build();
        _application.Run(AnswerAsync);
        await _application.StartAsync(stop);
        File.SetUnixFileMode(path, Everybody);
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
            await _application.DisposeAsync();
        File.Delete(path);
    }

    Task AnswerAsync(HttpContext http)
    {
        if (http.Request.Path != "/status" || !HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        http.Response.ContentType = "application/json";
        var body = JsonSerializer.SerializeToUtf8Bytes(status(), StatusJson.Default.NodeStatus);
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
