using System.Text.Json;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>Answers a primary that wants to go on without the store. Safe from any thread.</summary>
/// <param name="view">The last one published.</param>
/// <param name="viewAge">Of what the store said.</param>
/// <param name="promises">Of this node.</param>
internal sealed class FailsafeDoor(Func<AgentView> view, Func<TimeSpan> viewAge, Promises promises)
{
    /// <summary>Null: promised, durably. Else why not.</summary>
    public string? Answer(NodeName asking, Term term)
    {
        var seen = view();
        if (Failsafe.Refusal(seen.Cluster, viewAge(), seen.HasLease, asking, term) is { } why)
            return why;
        return promises.TryConfirm(term, seen.Cluster?.Settings?.Ttl ?? new DynamicSettings().Ttl)
            ? null
            : $"term {term} is refused here";
    }

    public TextAnswer Answer(ReadOnlyMemory<byte> body)
    {
        var seen = view();
        if (seen.Cluster?.Settings is not { FailsafeMode: true })
            return new(502, "Failsafe mode is not enabled");
        try
        {
            var question = JsonSerializer.Deserialize(body.Span, FailsafeJson.Default.FailsafeQuestion);
            if (question is not { Name.Length: > 0 } asked)
                return new(400, "name is missing");
            // A Patroni leader gives no term: that of the last view is meant.
            var term = asked.Term > 0 ? new Term(asked.Term) : seen.Cluster.Leader?.Term ?? Term.None;
            return Answer(new NodeName(asked.Name), term) is { } why ? new(500, why) : new(200, "Accepted");
        }
        catch (JsonException)
        {
            return new(400, "the body must be a JSON object");
        }
        catch (IOException failure)
        {
            return new(500, $"the promise can't be kept: {failure.Message}");
        }
    }
}
