namespace Holdfast.Lab.Workloads;

/// <summary>
/// Promise 1, judged from acknowledgements alone: a server that acknowledges on an old timeline what was sent after
/// another had acknowledged on a newer one, or two servers that write the same timeline.
/// </summary>
static class TwoWriters
{
    public static IReadOnlyList<Attempt> Find(IEnumerable<Attempt> attempts)
    {
        var acknowledged = attempts.Where(attempt => attempt is { Outcome: Outcome.Acknowledged, Server: not null })
            .ToList();
        // A timeline belongs to the server that acknowledged on it first.
        var owners = acknowledged.GroupBy(attempt => attempt.Timeline)
            .ToDictionary(group => group.Key, group => group.MinBy(attempt => attempt.EndedMs)!);
        return [.. acknowledged.Where(attempt =>
            !string.Equals(owners[attempt.Timeline].Server, attempt.Server, StringComparison.Ordinal)
            || owners.Values.Any(first => first.Timeline > attempt.Timeline && attempt.SentMs > first.EndedMs))];
    }
}
