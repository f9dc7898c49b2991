using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Store.Etcd;

public sealed partial class EtcdStore
{
    const string Status = "/v3/maintenance/status", MoveLeader = "/v3/maintenance/transfer-leadership",
        Defragment = "/v3/maintenance/defragment", MemberList = "/v3/cluster/member/list",
        MemberAdd = "/v3/cluster/member/add", MemberRemove = "/v3/cluster/member/remove";

    static readonly byte[] s_nothing = "{}"u8.ToArray();

    public async ValueTask<EtcdStatus> StatusAsync(string endpoint, CancellationToken stop)
    {
        var reply = await _gateway.AskAtAsync(endpoint, Status, s_nothing, settings.CallLimit, stop);
        var status = Read(reply, EtcdJson.Default.StatusAnswer);
        return new EtcdStatus(HeaderAnswer.Of(status.Header).Member, status.Leader, status.RaftTerm,
            status.DatabaseBytes, status.Version ?? "");
    }

    public async ValueTask<ImmutableArray<EtcdMember>> MembersAsync(CancellationToken stop)
    {
        // One round: a host that starts alone asks members that are not there, and starts its own the sooner.
        var reply = await _gateway.AskAsync(MemberList, s_nothing, repeatable: true, stop, roundsMax: 1);
        var answer = Read(reply, EtcdJson.Default.MembersAnswer);
        return [.. (answer.Members ?? []).Select(member =>
            new EtcdMember(member.Id, member.Name ?? "", [.. member.PeerUrls ?? []], [.. member.ClientUrls ?? []]))];
    }

    public ValueTask<WriteOutcome> MoveLeaderAsync(string leaderEndpoint, ulong target, CancellationToken stop) =>
        WriteAtAsync(
            leaderEndpoint, MoveLeader, new MoveLeaderRequest(target), EtcdJson.Default.MoveLeaderRequest, stop);

    public ValueTask<WriteOutcome> AddMemberAsync(string peerUrl, CancellationToken stop) =>
        WriteAsync(MemberAdd, new MemberAddRequest([peerUrl]), EtcdJson.Default.MemberAddRequest, stop);

    public ValueTask<WriteOutcome> RemoveMemberAsync(ulong member, CancellationToken stop) =>
        WriteAsync(MemberRemove, new MemberRemoveRequest(member), EtcdJson.Default.MemberRemoveRequest, stop);

    public ValueTask<WriteOutcome> DefragmentAsync(string endpoint, CancellationToken stop) =>
        WriteAtAsync(endpoint, Defragment, new EmptyRequest(), EtcdJson.Default.EmptyRequest, stop);

    async ValueTask<WriteOutcome> WriteAsync<T>(
        string path, T request, JsonTypeInfo<T> type, CancellationToken stop) =>
        Outcome(await _gateway.AskAsync(path, Body(request, type), repeatable: false, stop));

    async ValueTask<WriteOutcome> WriteAtAsync<T>(
        string endpoint, string path, T request, JsonTypeInfo<T> type, CancellationToken stop) =>
        Outcome(await _gateway.AskAtAsync(endpoint, path, Body(request, type), settings.CallLimit, stop));
}
