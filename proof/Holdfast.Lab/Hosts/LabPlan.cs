using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Faults;

namespace Holdfast.Lab.Hosts;

/// <summary>From a cluster file to what will be built. Touches nothing.</summary>
static class LabPlan
{
    const int NameLengthMax = 40;

    /// <summary>Where the edge is found: its own port is often one that only a server's superuser may take.</summary>
    const int EdgePort = 8080;

    /// <summary>The bridge's name among the hosts: <c>lab exec net -- …</c>.</summary>
    public const string BridgeName = "net";

    public static LabState Of(LabRequest request)
    {
        CheckName(request.Lab);
        var hosts = request.Cluster.Hosts;
        if (hosts.Any(host => string.Equals(host.Name.Value, BridgeName, StringComparison.Ordinal)))
            throw new LabException($"a host of a lab can't be called {BridgeName}: that is the lab's bridge");
        var subnet = Subnet.Of([.. hosts.Select(host => host.Address)]);
        return new LabState
        {
            Lab = request.Lab,
            File = request.Path,
            BootId = BootClock.BootId,
            Network = new LabNetwork(
                NamespaceOf(request.Lab, BridgeName), subnet.Gateway.ToString(), subnet.PrefixLength),
            Hosts = [.. hosts.Select((host, index) => new LabHost(
                host.Name.Value, host.Address, index + 1, NamespaceOf(request.Lab, host.Name.Value), First: null))],
            Programs = HostProcesses.Of(request.Cluster),
            HasDisks = request.DiskBytes is not null,
            Rival = request.Rival,
            Published = [.. Ports(request.Cluster).Select(port => request.FreePorts ? port with { Port = 0 } : port)],
        };
    }

    static string NamespaceOf(string lab, string name) => $"hf-{lab}-{name}";

    static void CheckName(string name)
    {
        if (name.Length is 0 or > NameLengthMax
            || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            || !char.IsAsciiLetterOrDigit(name[0]))
        {
            throw new LabException(
                $"'{name}' can't name a lab: letters, digits, '-', '_' and '.', a letter or digit first, at most " +
                    $"{NameLengthMax}");
        }
    }

    /// <summary>The ports of the file, but for the edge's; agents, which all have the same, one after the
    /// other.</summary>
    static IEnumerable<PublishedPort> Ports(ClusterFile file)
    {
        if (file.PgProxy is { } proxy)
        {
            yield return new PublishedPort("primary", null, proxy.Primary, Targets(file, proxy.On, proxy.Primary));
            if (proxy.Replicas is { } replicas)
                yield return new PublishedPort("replicas", null, replicas, Targets(file, proxy.On, replicas));
        }
        for (var i = 0; i < file.Postgres.On.Length; i++)
        {
            var host = file.Postgres.On[i];
            yield return new PublishedPort(
                "rest", host.Value, file.Postgres.Rest + i, Targets(file, [host], file.Postgres.Rest));
        }
        if (!file.Etcd.On.IsEmpty)
            yield return new PublishedPort(
                "etcd", null, file.Etcd.ClientPort, Targets(file, file.Etcd.On, file.Etcd.ClientPort));
        if (file.Edge is { } edge)
            yield return new PublishedPort("edge", null, EdgePort, Targets(file, edge.On, edge.Http));
    }

    static ImmutableArray<string> Targets(ClusterFile file, ImmutableArray<NodeName> hosts, int port) =>
        [.. file.Hosts.Where(host => hosts.Contains(host.Name)).Select(host => $"{host.Address}:{port}")];
}
