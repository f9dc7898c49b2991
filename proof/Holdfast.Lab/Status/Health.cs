using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Status;

/// <summary>Whether the cluster is whole; what it still lacks, in the operator's words.</summary>
/// <param name="Primary">Its name; null while there is none.</param>
sealed record HealthView(string? Primary, ImmutableArray<ClusterMember> Members, ImmutableArray<string> Missing)
{
    public bool IsWhole => Missing.IsEmpty;
}

/// <summary>Looks at it from outside: agents, etcd, supervisors' word on their apps, the edge, and a commit through the
/// published port of the primary.</summary>
sealed class Health(LabState state, ClusterFile file) : IDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    readonly ClusterClient _client = new(state);

    /// <summary>Looks again and again until it is whole, or <paramref name="limit"/> has passed.</summary>
    public async Task<HealthView> WaitAsync(TimeSpan limit, CancellationToken stop)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var view = await LookAsync(stop);
            if (view.IsWhole || TimeProvider.System.GetElapsedTime(started) > limit)
                return view;
            await Task.Delay(Pause, TimeProvider.System, stop);
        }
    }

    public async Task<HealthView> LookAsync(CancellationToken stop)
    {
        var told = await _client.AllClustersAsync(stop);
        var cluster = told.FirstOrDefault();
        List<string> missing =
        [
            .. MissingMembers(cluster),
            // Whoever has just come back may still show what was before.
            .. told.Select(answer => answer.Leader?.Name).Distinct(StringComparer.Ordinal).Count() > 1
                ? ["the agents name different leaders"] : Array.Empty<string>(),
            .. await MissingEtcdAsync(stop),
            .. await MissingAppsAsync(stop),
            .. await MissingEdgeAsync(stop),
        ];
        // A commit is the costliest question: asked when nothing else is left to wait for.
        if (missing.Count == 0 && state.PortOf("primary") is { } port
            && await WriteProbe.TryAsync(port, file, stop) is { } problem)
            missing.Add($"no commit through port {port}: {problem}");
        return new HealthView(cluster?.Leader?.Name, cluster?.Members ?? [], [.. missing]);
    }

    public void Dispose() => _client.Dispose();

    IEnumerable<string> MissingMembers(ClusterAnswer? cluster)
    {
        if (cluster is null)
        {
            yield return "no agent answers";
            yield break;
        }
        if (cluster.Leader is null)
            yield return "there is no primary";
        if (state.Rival is not null)
        {
            foreach (var missing in cluster.MissingOfPatroni(file.Postgres.On.Length))
                yield return missing;
            yield break;
        }
        var quorum = file.Postgres.Dcs.SynchronousMode == SynchronousMode.Quorum;
        foreach (var host in file.Postgres.On)
        {
            var member = cluster.Members.FirstOrDefault(
                member => string.Equals(member.Name, host.Value, StringComparison.Ordinal));
            if (member is null)
                yield return $"{host} is no member";
            else if (member.IsLeader ? member.State is not "running" : !member.IsStreaming)
                yield return $"{host} is {member.State}";
            else if (quorum && !member.IsLeader && !member.IsSynchronous)
                yield return $"{host} does not count for the quorum yet";
        }
    }

    async Task<IEnumerable<string>> MissingEtcdAsync(CancellationToken stop)
    {
        if (file.Etcd.On.IsEmpty)
            return [];
        var members = await _client.TryEtcdMembersAsync(stop);
        return members is null ? ["etcd does not answer"] : file.Etcd.On
            .Where(
                host => !members.Members.Any(
                    member => string.Equals(member.Name, host.Value, StringComparison.Ordinal)))
            .Select(host => $"{host} is no member of etcd");
    }

    /// <summary>Instances that are not healthy, as their hosts' supervisors tell.</summary>
    async Task<IEnumerable<string>> MissingAppsAsync(CancellationToken stop)
    {
        var hosts = state.Hosts.Where(
            host => file.Apps.Any(app => app.On.Contains(new NodeName(host.Name)))).ToList();
        var answers = await Task.WhenAll(hosts.Select(host => SupervisorClient.TryAskAsync(host, stop)));
        return hosts.Zip(answers).SelectMany(pair => MissingApps(file, pair.First.Name, pair.Second));
    }

    internal static IEnumerable<string> MissingApps(ClusterFile file, string host, SupervisorAnswer? answer) =>
        from app in file.Apps
        where app.On.Contains(new NodeName(host))
        let program = answer?.Programs.FirstOrDefault(
            line => string.Equals(line.Name, app.Name, StringComparison.Ordinal))
        where program is not { State: "ready" }
        select $"{app.Name} on {host} is {program?.State ?? "unknown"}"
            + (program?.About is { } about ? $" ({about})" : "");

    async Task<IEnumerable<string>> MissingEdgeAsync(CancellationToken stop) =>
        state.PortOf("edge") is not { } port || await _client.EdgeAnswersAsync(port, stop)
            ? []
            : [$"the edge does not answer on port {port}"];
}
