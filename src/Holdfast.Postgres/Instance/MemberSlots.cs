namespace Holdfast.Postgres.Instance;

/// <summary>The members' physical replication slots on this server.</summary>
static class MemberSlots
{
    const string Existing =
        "SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT temporary";

    // Position is reserved at once, so that a member that is still cloning finds its log.
    const string Create = "SELECT pg_create_physical_replication_slot($1::name, true)";

    const string DropIdle =
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
        + " WHERE slot_name = $1::name AND NOT active";

    public static async Task<StepResult> SetAsync(
        SqlSession session, IReadOnlyCollection<string> wanted, CancellationToken stop)
    {
        var existing = await session.ColumnAsync(Existing, stop);
        foreach (var slot in wanted.Except(existing, StringComparer.Ordinal))
            await session.ExecuteAsync(Create, [slot], stop);
        foreach (var slot in existing.Except(wanted, StringComparer.Ordinal))
            await session.ExecuteAsync(DropIdle, [slot], stop);
        return StepResult.Done;
    }

    public static async Task EnsureAsync(SqlSession session, string slot, CancellationToken stop)
    {
        var existing = await session.ColumnAsync(Existing, stop);
        if (!existing.Contains(slot, StringComparer.Ordinal))
            await session.ExecuteAsync(Create, [slot], stop);
    }
}
