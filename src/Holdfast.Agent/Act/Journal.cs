using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary>Writes down how a reign began: one event with cause and phase times, and Patroni's
/// <c>history</c>.</summary>
internal sealed class Journal(
    AgentSettings settings,
    PatroniKeys keys,
    HoldfastKeys ours,
    IStore store,
    IPostgres postgres,
    AgentState state,
    TimeProvider clock,
    ILogger log)
{
    /// <summary>How long an event is kept: the journal hangs on leases, and so it can't grow for ever.</summary>
    static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    public async ValueTask RecordAsync(ClusterView view, LeaseState held, CancellationToken stop)
    {
        // Until clients are let in nobody is served.
        if (state.Reign is not { PromotedAt: { } promoted } reign || state.Opening is not { IsOpen: true })
            return;
        var failover = new FailoverEvent
        {
            At = clock.GetUtcNow(),
            Cause = reign.Cause,
            Evidence = reign.Votes,
            From = reign.Before?.Value,
            To = settings.Name.Value,
            Term = held.Term.Value,
            LockMs = Milliseconds(reign.LockAt - reign.LeaderlessAt),
            LeaseMs = Milliseconds((reign.CountedAt ?? promoted) - reign.LeaderlessAt),
            PromotedMs = Milliseconds(promoted - reign.LeaderlessAt),
            ServingMs = Milliseconds(clock.GetElapsedTime(0) - reign.LeaderlessAt),
        };
        var json = JsonSerializer.Serialize(failover, JournalJson.Default.FailoverEvent);
        var history = await HistoryAsync(view, stop);
        var kept = await store.GrantLeaseAsync(KeptFor, stop);
        if (kept.Outcome != WriteOutcome.Written)
            return; // Once more in the next turn.
        var id = held.Term.Value.ToString("D20", CultureInfo.InvariantCulture);
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Leader, held.ModRevision)],
                history is null
                    ? [new Operation.Put(ours.Event(id), json, kept.Lease)]
                    : [new Operation.Put(ours.Event(id), json, kept.Lease), new Operation.Put(keys.History, history)]),
            stop);
        if (result.Outcome == WriteOutcome.Unknown)
            return; // Once more in the next turn: the same key, the same value.
        state.Reign = null;
        log.Event($"failover: {json}");
    }

    /// <summary>The history key with this promotion's line added; null when the timeline did not change.</summary>
    async ValueTask<string?> HistoryAsync(ClusterView view, CancellationToken stop)
    {
        var lines = await postgres.HistoryAsync(stop);
        if (lines.Count == 0)
            return null;
        var (timeline, position, reason) = lines[^1];
        return ClusterValues.AppendHistory(view.History, new HistoryLine(
            timeline, new Lsn(position), reason, clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
                settings.Name));
    }

    static long Milliseconds(TimeSpan span) => (long)span.TotalMilliseconds;
}

/// <summary>One failover, as its winner saw it. Phases are milliseconds since it saw the lock gone.</summary>
public sealed record FailoverEvent
{
    public string Kind { get; init; } = "failover";
    public required DateTimeOffset At { get; init; }
    public required string Cause { get; init; }

    /// <summary>Why it was allowed to take the lock: positions and votes.</summary>
    public required string Evidence { get; init; }
    public string? From { get; init; }
    public required string To { get; init; }
    public required long Term { get; init; }
    public required long LockMs { get; init; }
    public required long LeaseMs { get; init; }
    public required long PromotedMs { get; init; }
    public required long ServingMs { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FailoverEvent))]
internal sealed partial class JournalJson : JsonSerializerContext;
