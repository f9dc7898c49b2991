using System.Text;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;
using Holdfast.Foundation.Processes;
using Holdfast.Store.Layout;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agent.Rest;

/// <summary>What is answered to which request: one switch over method and path.</summary>
sealed class RestApplication(
    Func<AgentView> view, SwitchoverRun switchover, ConfigPatch config, FailsafeDoor? failsafe,
    MeterCollector? metrics, ILogger log)
    : IHttpApplication<HttpContext>
{
    const string Json = "application/json", Text = "text/html";

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var path = Normal(context.Request.Path.Value);
        try
        {
            await AnswerAsync(context, path, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone; there is nobody to answer.
        }
        catch (Exception exception) when (exception is not BadHttpRequestException)
        {
            log.RequestFailed(exception, context.Request.Method, path);
            if (!context.Response.HasStarted)
                await WriteAsync(context, 500, Text, "internal error, see the agent's log");
        }
    }

    ValueTask AnswerAsync(HttpContext context, string path, CancellationToken stop) =>
        (context.Request.Method, path) switch
        {
            ("GET", _) => GetAsync(context, path),
            ("HEAD" or "OPTIONS", _) => StatusOnly(context, CodeOf(context, path, view())),
            ("POST", "/switchover") => SwitchoverAsync(context, SwitchoverRules.Switchover, stop),
            ("POST", "/failover") => SwitchoverAsync(context, SwitchoverRules.Failover, stop),
            ("PATCH", "/config") => PatchConfigAsync(context, stop),
            ("POST", "/failsafe") when failsafe is not null => FailsafeAsync(context, failsafe, stop),
            (var method, _) => WriteAsync(context, 501, Text, $"Unsupported method ('{method} {path}')"),
        };

    ValueTask GetAsync(HttpContext context, string path)
    {
        var seen = view();
        var code = CodeOf(context, path, seen);
        return (path, seen.Cluster) switch
        {
            ("/cluster" or "/history", null) => WriteAsync(context, code, Text, "the store has not answered yet"),
            ("/cluster", { } cluster) => WriteAsync(context, code, Json,
                JsonText.Write((cluster, seen.Scope), static (json, it) =>
                    ClusterJson.Write(json, it.cluster, it.Scope))),
            ("/history", { } cluster) => WriteAsync(context, code, Json, cluster.History ?? "[]"),
            ("/config", { Settings: { } settings }) => WriteAsync(context, code, Json, settings.Json),
            ("/config", _) => WriteAsync(context, code, Text, "there is no configuration in the store yet"),
            ("/failsafe", { Settings.FailsafeMode: true } cluster) => WriteAsync(context, code, Json,
                ClusterValues.Failsafe(cluster.Failsafe)),
            ("/failsafe", _) => WriteAsync(context, code, Text, "Failsafe mode is not enabled"),
            ("/metrics", _) => WriteAsync(context, code, PrometheusText.ContentType, Metrics(seen)),
            _ when HealthAnswer.HasNoBody(path) => StatusOnly(context, code),
            _ => WriteAsync(context, code, Json, JsonText.Write(
                (seen, BootClock.Now), static (json, it) => StatusJson.Write(json, it.seen, it.Now))),
        };
    }

    static int CodeOf(HttpContext context, string path, AgentView seen) => path switch
    {
        "/patroni" or "/metrics" => 200,
        "/cluster" or "/history" => seen.Cluster is null ? 503 : 200,
        "/config" => seen.Cluster?.Settings is null ? 502 : 200,
        "/failsafe" => seen.Cluster?.Settings is { FailsafeMode: true } ? 200 : 502,
        _ => HealthAnswer.Code(path, HealthQuery.Parse(context.Request.QueryString.Value), seen, BootClock.Now),
    };

    string Metrics(AgentView seen)
    {
        var text = new PrometheusText();
        AgentMetrics.Write(text, seen, BootClock.Now);
        metrics?.WriteTo(text);
        return text.ToString();
    }

    async ValueTask SwitchoverAsync(HttpContext context, string asked, CancellationToken stop)
    {
        if (await BodyAsync(context, stop) is not { } body)
            return;
        var answer = SwitchoverRequest.Parse(body) is { } request
            ? await switchover.RunAsync(asked, request, stop)
            : new TextAnswer(400, "the body must be a JSON object");
        log.Answered("POST", "/" + asked, answer.Code, answer.Text);
        await WriteAsync(context, answer.Code, Text, answer.Text);
    }

    static async ValueTask FailsafeAsync(HttpContext context, FailsafeDoor failsafe, CancellationToken stop)
    {
        if (await BodyAsync(context, stop) is not { } body)
            return;
        var answer = failsafe.Answer(body);
        await WriteAsync(context, answer.Code, Text, answer.Text);
    }

    async ValueTask PatchConfigAsync(HttpContext context, CancellationToken stop)
    {
        if (await BodyAsync(context, stop) is not { } body)
            return;
        var answer = await config.RunAsync(body, stop);
        log.Answered("PATCH", "/config", answer.Code, answer.Text);
        await WriteAsync(context, answer.Code, answer.Code == 200 ? Json : Text, answer.Text);
    }

    /// <returns>Null: the request was answered here, for it has no length.</returns>
    static async ValueTask<ReadOnlyMemory<byte>?> BodyAsync(HttpContext context, CancellationToken stop)
    {
        if (context.Request.ContentLength is not { } length)
        {
            await WriteAsync(context, 411, Text, "Length Required");
            return null;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(RestLimits.BodyLimit);
        using var body = new MemoryStream((int)Math.Min(length, RestLimits.BodyBytesMax));
        await context.Request.Body.CopyToAsync(body, limit.Token);
        return body.ToArray();
    }

    static ValueTask StatusOnly(HttpContext context, int code)
    {
        context.Response.StatusCode = code;
        return ValueTask.CompletedTask;
    }

    static ValueTask WriteAsync(HttpContext context, int code, string type, string text) =>
        WriteAsync(context, code, type, Encoding.UTF8.GetBytes(text));

    static async ValueTask WriteAsync(HttpContext context, int code, string type, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        response.StatusCode = code;
        response.ContentType = type;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    static string Normal(string? path) =>
        string.IsNullOrEmpty(path) || path == "/" ? "/" : path.TrimEnd('/').ToLowerInvariant();
}
