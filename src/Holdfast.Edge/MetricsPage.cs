using System.Text;
using Holdfast.Edge.Forwarding;
using Holdfast.Foundation.Metrics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Edge;

/// <summary>GET /metrics, and nothing else.</summary>
internal sealed class MetricsPage(MeterCollector metrics) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures)
    {
        RefusalWriter.Serving(contextFeatures, isServing: true);
        return new DefaultHttpContext(contextFeatures);
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        if (!string.Equals(context.Request.Path.Value, "/metrics", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = HttpMethods.Get;
            return;
        }
        var page = new PrometheusText();
        metrics.WriteTo(page);
        var bytes = Encoding.UTF8.GetBytes(page.ToString());
        context.Response.ContentType = PrometheusText.ContentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    public void DisposeContext(HttpContext context, Exception? exception) =>
        RefusalWriter.Serving(context.Features, isServing: false);
}
