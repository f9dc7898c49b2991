using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Faults;

/// <summary>What a cut drops.</summary>
/// <param name="Name">etcd, replicas or all.</param>
/// <param name="Ports">On either side; empty: every packet.</param>
/// <param name="Others">Only to and from these addresses; empty: everybody else.</param>
sealed record CutFrom(string Name, ImmutableArray<int> Ports, ImmutableArray<string> Others);

/// <summary>
/// Silently drops packets in the host's own namespace, established connections included: nobody sees a reset. Loopback
/// stays, and with it the host's traffic to its own address.
/// </summary>
static class Cut
{
    public const string All = "all", Etcd = "etcd", Replicas = "replicas";
    const string Table = "inet holdfast_lab";
    static readonly ImmutableArray<string> Names = [All, Etcd, Replicas];

    /// <summary>By name, with the ports of the cluster file.</summary>
    public static CutFrom From(string name, ClusterFile file, LabHost host) => name switch
    {
        All => new CutFrom(All, [], []),
        Etcd => new CutFrom(Etcd, EtcdPorts(file.Etcd), []),
        Replicas => new CutFrom(Replicas, [file.Postgres.Listen],
            [.. file.Postgres.On.Select(file.AddressOf)
                .Where(address => !string.Equals(address, host.Address, StringComparison.Ordinal))]),
        _ => throw new LabException(Wrong.Word("cut", name, Names)),
    };

    public static Task ApplyAsync(LabHost host, CutFrom from, CancellationToken stop) =>
        NftAsync(host, Script(from), stop);

    public static Task HealAsync(LabHost host, CancellationToken stop) =>
        NftAsync(host, $"add table {Table}\ndelete table {Table}\n", stop);

    /// <summary>Rules add up until they are healed.</summary>
    internal static string Script(CutFrom from)
    {
        var sides = new[] { ("cut_in", "input", "iifname", "saddr"), ("cut_out", "output", "oifname", "daddr") };
        var script = $"add table {Table}\n";
        foreach (var (chain, hook, link, peer) in sides)
        {
            script += $"add chain {Table} {chain} {{ type filter hook {hook} priority -300; policy accept; }}\n";
            var where = $"add rule {Table} {chain} {link} != \"lo\"" +
                (from.Others.IsEmpty ? "" : $" ip {peer} {Set(from.Others)}");
            script += from.Ports.IsEmpty
                ? $"{where} drop\n"
                : $"{where} tcp dport {Set(from.Ports)} drop\n{where} tcp sport {Set(from.Ports)} drop\n";
        }
        return script;
    }

    static string Set<T>(ImmutableArray<T> values) => $"{{ {string.Join(", ", values)} }}";

    static ImmutableArray<int> EtcdPorts(EtcdSettings etcd) => etcd.On.IsEmpty
        ? [.. etcd.Endpoints
            .Select(endpoint => endpoint[(endpoint.LastIndexOf(':') + 1)..])
            .Select(port => int.Parse(port, CultureInfo.InvariantCulture))
            .Distinct()]
        : [etcd.ClientPort, etcd.PeerPort];

    static Task NftAsync(LabHost host, string script, CancellationToken stop) =>
        Tool.RunAsync("nsenter", [$"--net={Cabling.PathOf(host.Namespace)}", "nft", "-f", "-"], script, stop);
}
