using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Status;

/// <summary>Asks the cluster itself, through the lab's published ports, as any tool of the operator would.</summary>
sealed class ClusterClient(LabState state) : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    readonly HttpClient _http = new() { Timeout = Limit };

    /// <summary>What the first agent that answers says of the cluster; null when none does.</summary>
    public async Task<ClusterAnswer?> TryClusterAsync(CancellationToken stop)
    {
        foreach (var port in state.Published.Where(port => port.Role is "rest"))
        {
            if (await TryClusterAsync(port.Port, stop) is { } answer)
                return answer;
        }
        return null;
    }

    /// <summary>What each agent says that answers, in the file's order.</summary>
    public async Task<ImmutableArray<ClusterAnswer>> AllClustersAsync(CancellationToken stop)
    {
        var asked = state.Published.Where(port => port.Role is "rest").Select(port => TryClusterAsync(port.Port, stop));
        return [.. (await Task.WhenAll(asked)).OfType<ClusterAnswer>()];
    }

    /// <summary>What the agent behind one published port says.</summary>
    public Task<ClusterAnswer?> TryClusterAsync(int port, CancellationToken stop) =>
        TryAsync(
            _http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/cluster"), stop),
            LabJson.Default.ClusterAnswer,
            stop);

    public Task<EtcdMembersAnswer?> TryEtcdMembersAsync(CancellationToken stop) => state.PortOf("etcd") is { } port
        ? TryAsync(
            PostAsync($"http://127.0.0.1:{port}/v3/cluster/member/list", stop), LabJson.Default.EtcdMembersAnswer, stop)
        : Task.FromResult<EtcdMembersAnswer?>(null);

    /// <summary>Whether the edge answers at all; what it answers is the app's affair.</summary>
    public async Task<bool> EdgeAnswersAsync(int port, CancellationToken stop)
    {
        try
        {
            using var answer = await _http.GetAsync(
                new Uri($"http://127.0.0.1:{port}/"), HttpCompletionOption.ResponseHeadersRead, stop);
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException
            || (failure is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    async Task<string> PostAsync(string address, CancellationToken stop)
    {
        using var body = new StringContent("{}");
        using var answer = await _http.PostAsync(new Uri(address), body, stop);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(stop);
    }

    static async Task<T?> TryAsync<T>(
        Task<string> asking,
        System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type,
        CancellationToken stop) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(await asking, type);
        }
        catch (Exception failure)
            when (failure is HttpRequestException or JsonException or SocketException
            || (failure is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }
}
