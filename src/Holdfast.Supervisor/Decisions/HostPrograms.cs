using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Supervisor.Decisions;

/// <summary>Which programs the file gives a host.</summary>
public static partial class HostPrograms
{
    public const string Etcd = "etcd", Agent = "agent", PgProxy = "pgproxy", Edge = "edge";

    static readonly TimeSpan EtcdStopGrace = TimeSpan.FromSeconds(5);

    /// <summary>A primary that stops writes a checkpoint, and hands over before it goes.</summary>
    static readonly TimeSpan AgentStopGrace = TimeSpan.FromSeconds(30);
    // Behind the time that the file gives to sessions.
    static readonly TimeSpan PgProxyStopGrace = TimeSpan.FromSeconds(5);

    /// <summary>An agent that has not answered for so long hangs. Far beyond any lease: fencing does not wait for
    /// it.</summary>
    static readonly TimeSpan AgentUnhealthyLimit = TimeSpan.FromSeconds(15);

    /// <summary>In dependency order: who comes later may need who comes earlier.</summary>
    public static ImmutableArray<ProgramSpec> For(ClusterFile file, NodeName host, NodePaths paths)
    {
        var programs = ImmutableArray.CreateBuilder<ProgramSpec>();
        if (file.Etcd.On.Contains(host))
            programs.Add(EtcdOn(file, host, paths));
        ImmutableArray<string> afterEtcd = programs.Count > 0 ? [Etcd] : [];
        if (file.Postgres.On.Contains(host))
            programs.Add(AgentOn(file, host, paths) with { After = afterEtcd });
        if (file.PgProxy is { } proxy && proxy.On.Contains(host))
            programs.Add(PgProxyOn(file, proxy, host, paths) with { After = afterEtcd });
        programs.AddRange(AppsOn(file, host, paths));
        // Last, so that it stops first; it starts without waiting for an app, since others' instances serve as well.
        if (file.Edge is { } edge && edge.On.Contains(host))
            programs.Add(EdgeOn(file, edge, host, paths) with { After = afterEtcd });
        return programs.ToImmutable();
    }

    static ProgramSpec EtcdOn(ClusterFile file, NodeName host, NodePaths paths)
    {
        var address = file.AddressOf(host);
        var times = file.Postgres.Dcs.Lease;
        var client = EtcdUrls.Client(file, host);
        var peer = EtcdUrls.Peer(file, host);
        // For people and tools on the host. Who already is on a loopback address may share the machine with other
        // hosts.
        var isLoopback = address.StartsWith("127.", StringComparison.Ordinal);
        var local = isLoopback ? "" : $",http://127.0.0.1:{file.Etcd.ClientPort}";
        return new ProgramSpec
        {
            Name = Etcd,
            User = file.Etcd.User,
            CgroupLeaf = Etcd,
            StopGrace = EtcdStopGrace,
            IsUrgent = true,
            Readiness = new Readiness.Tcp(address, file.Etcd.ClientPort),
            Environment = Variables(("HOME", paths.EtcdData)),
            Command =
            [
                "etcd",
                $"--name={host}",
                $"--data-dir={paths.EtcdData}",
                $"--listen-client-urls={client}{local}",
                $"--advertise-client-urls={client}",
                $"--listen-peer-urls={peer}",
                $"--initial-advertise-peer-urls={peer}",
                $"--initial-cluster-token={file.Cluster}",
                $"--heartbeat-interval={Milliseconds(times.EtcdHeartbeat)}",
                $"--election-timeout={Milliseconds(times.EtcdElection)}",
                // A member that was cut off must not depose a leader when it returns, and a vote that was refused must
                // not cost a whole election more. The default from 3.5 on.
                "--pre-vote=true",
                "--auto-compaction-mode=periodic",
                "--auto-compaction-retention=1h",
                "--logger=zap",
                "--log-outputs=stderr",
                .. EtcdJoin.AsTheFileSays(file).Arguments,
            ],
        };
    }

    static ProgramSpec AgentOn(ClusterFile file, NodeName host, NodePaths paths) => new()
    {
        Name = Agent,
        IsUrgent = true,
        User = file.Postgres.User,
        CgroupLeaf = $"{NodePaths.PostgresGroup}/{Agent}",
        StopGrace = AgentStopGrace,
        UnhealthyLimit = AgentUnhealthyLimit,
        Readiness = new Readiness.Http(new Uri($"http://{file.AddressOf(host)}:{file.Postgres.Rest}/liveness")),
        Command = [paths.Binary, "agent", paths.AgentFile],
        // Small, and steady rather than fast: it rests most of the time beside a PostgreSQL that wants the memory.
        Environment = Variables(
            ("HOME", paths.PostgresHome),
            ("DOTNET_TieredCompilation", "0"),
            ("DOTNET_EnableWriteXorExecute", "0"),
            ("DOTNET_gcServer", "0"),
            ("DOTNET_gcConcurrent", "0"),
            ("DOTNET_GCgen0size", "400000"), // hexadecimal: 4 MiB
            ("DOTNET_GCConserveMemory", "7")),
    };

    static ProgramSpec PgProxyOn(ClusterFile file, PgProxySettings proxy, NodeName host, NodePaths paths) => new()
    {
        Name = PgProxy,
        User = proxy.User,
        CgroupLeaf = PgProxy,
        StopGrace = proxy.Operation.DrainTimeout + PgProxyStopGrace,
        Readiness = new Readiness.Tcp(file.AddressOf(host), proxy.Primary),
        Command =
        [
            paths.Binary, "pgproxy", "--config", paths.PgProxyFile, "--name", host.Value,
            "--data", paths.Data, "--run", paths.Run, "--users", paths.PgProxyUsersFile,
        ],
        Environment = Variables([("HOME", paths.PgProxyFolder), .. PgProxyRuntime]),
    };

    /// <summary>Of .NET, for the proxy. What runs often is compiled anew as soon as the start is over (hexadecimal: 100
    /// ms), where the other programs wait longer: the code of the package costs a tenth more for each
    /// transaction.</summary>
    internal static readonly ImmutableArray<(string Name, string Value)> PgProxyRuntime =
    [
        ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1"),
        ("DOTNET_TC_CallCountingDelayMs", "64"),
    ];

    static string Milliseconds(TimeSpan time) => ((int)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    static ImmutableSortedDictionary<string, string> Variables(params (string Name, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
}
