using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Forwarding;

/// <summary>What Kestrel calls for each request: forward it, then count and log it.</summary>
internal sealed class EdgeApplication(
    Forwarder forwarder, EdgeMetrics metrics, AccessLog accessLog, TimeProvider clock, ILogger log)
    : IHttpApplication<Exchange>
{
    /// <summary>The label where there is no route or no instance.</summary>
    const string Nobody = "none";

    public Exchange CreateContext(IFeatureCollection contextFeatures)
    {
        metrics.Begun();
        RefusalWriter.Serving(contextFeatures, isServing: true);
        return new Exchange(contextFeatures, clock.GetTimestamp());
    }

    public async Task ProcessRequestAsync(Exchange context)
    {
        try
        {
            await forwarder.ServeAsync(context);
        }
        catch (Exception) when (context.ClientGone.IsCancellationRequested)
        {
            (context.Status, context.Failure) = (Exchange.ClientGoneStatus, "client_gone");
        }
        catch (Exception broken)
        {
            log.Broken(context.Id, broken);
            context.Failure = Problem.Internal.Reason;
            if (context.Context.Response.HasStarted)
            {
                context.Context.Abort();
                return;
            }
            context.Context.Response.Clear();
            await Problem.Internal.WriteAsync(context.Context, context.Id);
        }
    }

    public void DisposeContext(Exchange context, Exception? exception)
    {
        RefusalWriter.Serving(context.Context.Features, isServing: false);
        var request = context.Context.Request;
        var status = context.Status ?? context.Context.Response.StatusCode;
        var elapsed = clock.GetElapsedTime(context.Started);
        var (route, instance) = (context.Route?.Path ?? Nobody, context.Instance?.Host ?? Nobody);
        metrics.Ended(route, instance, status, elapsed.TotalSeconds);
        // A client that errs or leaves is no error of the service.
        if (context.Failure is { } failure
            && (status >= StatusCodes.Status500InternalServerError || IsAborted(context)))
            metrics.Failed(route, instance, failure);
        var path = request.Path.Value ?? "";
        accessLog.Add(new AccessLine
        {
            Id = context.Id,
            Client = ForwardedRequest.ClientAddress(context.Context),
            Method = request.Method,
            Path = path.Length <= EdgeLimits.LoggedPathCharsMax ? path : path[..EdgeLimits.LoggedPathCharsMax],
            Route = route,
            Instance = instance,
            Status = status,
            Bytes = context.BytesSent,
            Ms = elapsed.TotalMilliseconds,
            Attempts = context.Attempts + context.StaleConnections,
            Failure = context.Failure,
        });
    }

    static bool IsAborted(Exchange exchange) => exchange.Failure is "answer_broke";
}
