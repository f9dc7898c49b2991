using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Logging;
using Holdfast.PgProxy.Login;
using Holdfast.Store.Etcd;
using Holdfast.Supervisor;
using Holdfast.Supervisor.Decisions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Wiring;

/// <summary>The parts of <c>holdfast node</c>, put together.</summary>
static class NodeWiring
{
    /// <param name="file">The cluster file, read and checked.</param>
    /// <param name="fileText">The same as the operator wrote it; the proxy reads a copy.</param>
    /// <param name="name">This host's name in the file.</param>
    /// <param name="data">--data, absolute.</param>
    /// <param name="run">--run, absolute.</param>
    /// <param name="agentYaml">Makes the text of agent.yml; see <see cref="AgentYaml"/>.</param>
    /// <param name="proxyUsers">Who may log in to the proxy; see <see cref="UserList"/>.</param>
    /// <param name="variables">Of this host's apps, with their secrets.</param>
    /// <param name="stop">SIGTERM or Ctrl+C.</param>
    /// <returns>The exit code: 0 when everything was stopped as asked, 1 when it could not run.</returns>
    public static async Task<int> RunAsync(
        ClusterFile file,
        string fileText,
        NodeName name,
        string data,
        string run,
        Func<ClusterFile, NodeName, NodePaths, string> agentYaml,
        string proxyUsers,
        ResolvedVariables variables,
        CancellationToken stop)
    {
        using var logs = Logs.Create("supervisor");
        using var etcd = new EtcdStore(
            file.EtcdEndpoints(name), new EtcdClientSettings(), logs.CreateLogger<EtcdStore>());
        var settings = new NodeSettings
        {
            File = file,
            FileText = fileText,
            Host = name,
            Paths = new NodePaths(data, run, Path.Combine(AppContext.BaseDirectory, "holdfast")),
            AgentYaml = agentYaml,
            ProxyUsers = proxyUsers,
            AppVariables = variables.Apps,
        };
        try
        {
            await new NodeSupervisor(settings, etcd, etcd, logs).RunAsync(stop);
            return 0;
        }
        catch (InvalidOperationException refused)
        {
            await Console.Error.WriteLineAsync($"holdfast node: {refused.Message}");
            return 1;
        }
    }

    /// <summary>The text of agent.yml, with these passwords in it.</summary>
    public static Func<ClusterFile, NodeName, NodePaths, string> AgentYaml(ResolvedSecrets secrets) =>
        (file, host, paths) => AgentFileWriter.Write(file, host, Of(paths), secrets);

    static AgentPaths Of(NodePaths paths) => new()
    {
        DataDirectory = paths.PostgresData,
        StateDirectory = paths.AgentState,
        SocketDirectory = paths.PostgresSocketFolder,
        FenceSocket = paths.FenceSocket,
        LogFile = paths.PostgresRaw,
        CgroupParent = paths.CgroupParent,
    };
}
