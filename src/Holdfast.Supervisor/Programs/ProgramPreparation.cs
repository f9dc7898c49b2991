using Holdfast.Store;
using Holdfast.Supervisor.Apps;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Etcd;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Programs;

/// <summary>What has to be in place before a program starts, each time anew: somebody may have removed it.</summary>
internal sealed class ProgramPreparation(
    NodeSettings settings, IEtcdMaintenance etcd, AppPreparation apps, ILogger log)
{
    readonly EtcdStart _etcd = new(settings.File, settings.Host, settings.Paths, etcd, log);

    /// <param name="spec">The program.</param>
    /// <param name="explain">Told, for people, what takes long.</param>
    /// <param name="stop">The program is not to start any more.</param>
    /// <returns>The program with its command completed.</returns>
    public async ValueTask<ProgramSpec> PrepareAsync(
        ProgramSpec spec, Action<string> explain, CancellationToken stop)
    {
        NodeFolders.Make(settings.File, settings.Paths);
        if (spec.App is not null)
        {
            NodeFolders.MakeApp(spec.Name, spec.User, settings.Paths);
            await apps.PrepareAsync(spec, explain, stop);
            return spec;
        }
        switch (spec.Name)
        {
            case HostPrograms.Etcd:
                return await _etcd.PrepareAsync(spec, stop);
            case HostPrograms.Agent:
                var yaml = settings.AgentYaml(settings.File, settings.Host, settings.Paths);
                NodeFolders.Write(settings.Paths.AgentFile, yaml, settings.File.Postgres.User);
                return spec;
            case HostPrograms.PgProxy:
                NodeFolders.Write(settings.Paths.PgProxyFile, settings.FileText, settings.File.PgProxy!.User);
                NodeFolders.Write(
                    settings.Paths.PgProxyUsersFile, settings.ProxyUsers, settings.File.PgProxy!.User);
                return spec;
            case HostPrograms.Edge:
                NodeFolders.MakeEdge(settings.File.Edge!, settings.FileText, settings.Paths);
                return spec;
            default:
                return spec;
        }
    }
}
