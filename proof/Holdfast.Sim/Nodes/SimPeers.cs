using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Agent;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Nodes;

/// <summary>Questions to other agents, answered with the real status object.</summary>
internal sealed class SimPeers(Host host, Strand strand) : IPeers
{
    public async ValueTask<ImmutableArray<PeerAnswer>> AskAsync(
        IReadOnlyCollection<string> apiUrls, TimeSpan limit, CancellationToken stop)
    {
        var answers = await Task.WhenAll(apiUrls.Select(url => AskOneAsync(url, limit)));
        return [.. answers.OfType<PeerAnswer>()];
    }

    async Task<PeerAnswer?> AskOneAsync(string url, TimeSpan limit)
    {
        var world = host.World;
        var address = new Uri(url).Host;
        if (Array.Find(world.Hosts, other => other.Address == address) is not { } peer)
            return null;
        var answer = await world.Net.AskAsync<byte[]>(
            strand, host.Index, peer.Index, Traffic.Rest, limit, () => peer.Supervisor?.Agent is { IsAlive: true },
            reply => peer.Supervisor?.Agent?.Side.After(world.Rng.Between(0.3, 2), () =>
            {
                if (peer.Supervisor?.Agent is { } agent)
                    reply(new Answer<byte[]>(AnswerKind.Answered, agent.Status()));
            }));
        return answer.Value is { } status
            ? world.Mutation.Alter(PeerAnswerReader.Read(status), world.Ledger.NewestTerm)
            : null;
    }

    public static byte[] Write(AgentView view, TimeSpan now)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
            StatusJson.Write(json, view, now);
        return bytes.ToArray();
    }
}
