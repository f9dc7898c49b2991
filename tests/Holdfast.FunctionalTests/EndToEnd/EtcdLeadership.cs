using System.Globalization;
using System.Text.Json;
using Holdfast.Lab.Machine;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>On which host etcd's leader is, and moving it; asked member by member, from the lab's bridge.</summary>
sealed class EtcdLeadership(RunningLab lab) : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(1), MoveLimit = TimeSpan.FromSeconds(20);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly HttpClient _http = LabHttp.Client(lab, Limit);

    /// <summary>Waits until the leader is on this host, moving it there; or, with <paramref name="off"/>, until it is
    /// not.</summary>
    public async Task PutAsync(string host, bool off = false)
    {
        var came = await Wait.ForAsync(async () =>
        {
            var members = await MembersAsync();
            var leader = members.FirstOrDefault(member => member.Id == member.Leader);
            if (leader.Host is null || members.Count < lab.State.Hosts.Length)
                return false;
            if (leader.Host == host != off)
                return true;
            var target = members.First(member => member.Host == host != off).Id;
            _ = await TryAskAsync(leader.Host, "maintenance/transfer-leadership", $$"""{"targetID":"{{target}}"}""");
            return false;
        }, MoveLimit, Stop);
        came.ShouldBeTrue($"etcd's leader did not go {(off ? "off" : "to")} {host}");
    }

    public async Task<string> HostAsync() => (await MembersAsync()).First(member => member.Id == member.Leader).Host;

    public void Dispose() => _http.Dispose();

    async Task<List<(string Host, ulong Id, ulong Leader)>> MembersAsync()
    {
        List<(string, ulong, ulong)> members = [];
        foreach (var host in lab.State.Hosts)
        {
            if (await TryAskAsync(host.Name, "maintenance/status", "{}") is not { } answer)
                continue;
            using var status = JsonDocument.Parse(answer);
            var header = status.RootElement.GetProperty("header");
            var leader = status.RootElement.TryGetProperty("leader", out var found) ? Number(found) : 0;
            members.Add((host.Name, Number(header.GetProperty("member_id")), leader));
        }
        return members;
    }

    async Task<string?> TryAskAsync(string host, string call, string body)
    {
        try
        {
            using var content = new StringContent(body);
            using var answer = await _http.PostAsync(
                new Uri($"http://{lab.State.Host(host).Address}:{lab.File.Etcd.ClientPort}/v3/{call}"), content, Stop);
            return await answer.Content.ReadAsStringAsync(Stop);
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    static ulong Number(JsonElement text) => ulong.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}
