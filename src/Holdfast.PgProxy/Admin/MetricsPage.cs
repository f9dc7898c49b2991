using Holdfast.Foundation.Metrics;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>What the process tells at /metrics.</summary>
internal sealed class MetricsPage(PooledProxy? plane) : IDisposable
{
    /// <summary>For the loops to say how they are; without it the page has their counts alone.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    readonly MeterCollector _collector = new(ProxyMetrics.MeterName);

    public async Task<string> WriteAsync()
    {
        var text = new PrometheusText();
        _collector.WriteTo(text);
        if (plane is not null)
            PoolMetrics.WriteTo(text, plane, await LookAsync(plane));
        return text.ToString();
    }

    static async Task<IReadOnlyList<PoolFacts>> LookAsync(PooledProxy plane)
    {
        try
        {
            return await PlaneFacts.PoolsAsync(plane).WaitAsync(s_limit);
        }
        catch (TimeoutException)
        {
            return [];
        }
    }

    public void Dispose() => _collector.Dispose();
}
