namespace Holdfast.Postgres.Instance;

/// <summary>How the running primary began.</summary>
/// <param name="PostmasterStarted">pg_postmaster_start_time() in microseconds since 1970.</param>
/// <param name="Timeline">That it writes.</param>
/// <param name="ParentTimeline">That it went on from; the same unless it was promoted.</param>
/// <param name="NextXid">T: no transaction from this xid8 on had committed when it began, and it has assigned none
/// below. Null: not known.</param>
/// <param name="Why">Why T is not known; empty where it is.</param>
public sealed record StartFacts(
    long PostmasterStarted, int Timeline, int ParentTimeline, ulong? NextXid, string Why);
