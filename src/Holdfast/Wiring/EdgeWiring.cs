using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Edge;
using Holdfast.Foundation.Logging;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.Wiring;

/// <summary>The parts of <c>holdfast edge</c>, put together.</summary>
static class EdgeWiring
{
    /// <param name="file">The cluster file, read and checked.</param>
    /// <param name="name">This host's name in the file.</param>
    /// <param name="stop">SIGTERM or Ctrl+C: requests have a few seconds to end.</param>
    /// <returns>The exit code: 0 when it stopped as asked, 1 when it could not run.</returns>
    public static async Task<int> RunAsync(ClusterFile file, NodeName name, CancellationToken stop)
    {
        if (file.Edge is not { } edge)
            return await SayAsync("the file has no section edge");
        using var logs = Logs.Create("edge");
        // A queue of its own: a storm of requests must not push out what the edge says of itself.
        using var accessLogs = Logs.Create("edge", whenFull: WhenFull.Wait);
        using var etcd = new EtcdStore(
            file.EtcdEndpoints(name), new EtcdClientSettings(), logs.CreateLogger<EtcdStore>());
        await using var server = new EdgeServer(
            Settings(file, edge), etcd, new HoldfastKeys(file.Cluster), TimeProvider.System, logs, accessLogs);
        try
        {
            await server.StartAsync(stop);
        }
        catch (IOException refused)
        {
            return await SayAsync(refused.Message);
        }
        await server.RunAsync(stop);
        return 0;
    }

    static FrontSettings Settings(ClusterFile file, EdgeSettings edge) => new()
    {
        HttpPort = edge.Http,
        MetricsPort = edge.Metrics,
        Routes = edge.Routes,
        Apps = file.Apps,
        Expected =
        [
            .. from app in file.Apps
               where app.Port is not null
               from host in app.On
               select new AppInstance(
                   app.Name, host, $"{file.AddressOf(host)}:{app.Port}", AppState.Starting, app.WeightOn(host)),
        ],
    };

    static async Task<int> SayAsync(string problem)
    {
        await Console.Error.WriteLineAsync($"holdfast edge: {problem}");
        return 1;
    }
}
