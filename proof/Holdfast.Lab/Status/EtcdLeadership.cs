using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Status;

/// <summary>On which host etcd's leader is, and moving it; asked member by member, from the lab's bridge.</summary>
sealed class EtcdLeadership(LabState state, ClusterFile file) : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(1), MoveLimit = TimeSpan.FromSeconds(20);

    readonly HttpClient _http = LabHttp.Client(state, Limit);

    /// <summary>Waits until the leader is on this host, moving it there; or, with <paramref name="off"/>, until it is
    /// not.</summary>
    /// <exception cref="LabException">It did not go there.</exception>
    public async Task PutAsync(string host, bool off, CancellationToken stop)
    {
        var came = await Wait.ForAsync(async () =>
        {
            var members = await MembersAsync(stop);
            var leader = members.FirstOrDefault(member => member.Id == member.Leader);
            if (leader.Host is null || members.Count < state.Hosts.Length)
                return false;
            if (leader.Host == host != off)
                return true;
            var target = members.First(member => member.Host == host != off).Id;
            _ = await TryAskAsync(
                leader.Host, "maintenance/transfer-leadership", $$"""{"targetID":"{{target}}"}""", stop);
            return false;
        }, MoveLimit, stop);
        if (!came)
            throw new LabException($"etcd's leader did not go {(off ? "off" : "to")} {host}");
    }

    public async Task<string> HostAsync(CancellationToken stop) =>
        (await MembersAsync(stop)).First(member => member.Id == member.Leader).Host;

    /// <summary>Through the first member that answers.</summary>
    /// <exception cref="LabException">None did.</exception>
    public async Task DeleteKeyAsync(string key, CancellationToken stop)
    {
        if (!await SettledAsync("kv/deleterange", $$"""{"key":"{{Base64(key)}}"}""", "\"deleted\"", stop))
            throw new LabException($"etcd has no key {key} to delete, or does not answer");
    }

    /// <inheritdoc cref="DeleteKeyAsync"/>
    public async Task PutKeyAsync(string key, string value, CancellationToken stop)
    {
        var body = $$"""{"key":"{{Base64(key)}}","value":"{{Base64(value)}}"}""";
        if (!await SettledAsync("kv/put", body, "\"revision\"", stop))
            throw new LabException($"etcd does not answer: {key} could not be written");
    }

    /// <summary>Whether any member does.</summary>
    public async Task<bool> AnswersAsync(CancellationToken stop) => (await MembersAsync(stop)).Count > 0;

    /// <summary>Whether a member answered with this word.</summary>
    async Task<bool> SettledAsync(string call, string body, string word, CancellationToken stop)
    {
        foreach (var host in state.Hosts)
        {
            if (await TryAskAsync(host.Name, call, body, stop) is { } answer
                && answer.Contains(word, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public void Dispose() => _http.Dispose();

    async Task<List<(string Host, ulong Id, ulong Leader)>> MembersAsync(CancellationToken stop)
    {
        List<(string, ulong, ulong)> members = [];
        foreach (var host in state.Hosts)
        {
            if (await TryAskAsync(host.Name, "maintenance/status", "{}", stop) is not { } answer)
                continue;
            using var status = JsonDocument.Parse(answer);
            var header = status.RootElement.GetProperty("header");
            var leader = status.RootElement.TryGetProperty("leader", out var found) ? Number(found) : 0;
            members.Add((host.Name, Number(header.GetProperty("member_id")), leader));
        }
        return members;
    }

    async Task<string?> TryAskAsync(string host, string call, string body, CancellationToken stop)
    {
        try
        {
            using var content = new StringContent(body);
            using var answer = await _http.PostAsync(
                new Uri($"http://{state.Host(host).Address}:{file.Etcd.ClientPort}/v3/{call}"), content, stop);
            return await answer.Content.ReadAsStringAsync(stop);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or TaskCanceledException)
        {
            return null;
        }
    }

    static ulong Number(JsonElement text) => ulong.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}
