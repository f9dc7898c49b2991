using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>Asks peers over REST, all at once.</summary>
internal sealed class Peers(PeerClient client) : IPeers
{
    public async ValueTask<ImmutableArray<PeerAnswer>> AskAsync(
        IReadOnlyCollection<string> apiUrls, TimeSpan limit, CancellationToken stop)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bounded.CancelAfter(limit);
        var answers = await Task.WhenAll(apiUrls.Select(url => AskOneAsync(url, bounded.Token)));
        stop.ThrowIfCancellationRequested();
        return [.. answers.OfType<PeerAnswer>()];
    }

    async Task<PeerAnswer?> AskOneAsync(string apiUrl, CancellationToken bounded)
    {
        try
        {
            return await client.AskAsync(apiUrl, bounded);
        }
        catch (OperationCanceledException)
        {
            return null; // Too late for this turn.
        }
    }
}
