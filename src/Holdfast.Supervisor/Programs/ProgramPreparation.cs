using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Etcd;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Programs;

/// <summary>What has to be in place before a program starts, each time anew: somebody may have removed it.</summary>
internal sealed class ProgramPreparation(NodeSettings settings, IEtcdMaintenance etcd, ILogger log)
{
    readonly EtcdStart _etcd = new(settings.File, settings.Host, settings.Paths, etcd, log);

    public async ValueTask<ProgramSpec> PrepareAsync(ProgramSpec spec, CancellationToken stop)
    {
        NodeFolders.Make(settings.File, settings.Paths);
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
                return spec;
            default:
                return spec;
        }
    }
}
