namespace Holdfast.Postgres.Instance;

/// <summary>The members' physical replication slots on this server. A slot that we did not make is somebody else's,
/// such as a backup program's, and is never dropped: which ones are ours is kept beside the data directory.</summary>
sealed class MemberSlots(DataDirectory data, DurableFiles files)
{
    const string Existing =
        "SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT temporary";

    // Position is reserved at once, so that a member that is still cloning finds its log.
    const string Create = "SELECT pg_create_physical_replication_slot($1::name, true)";

    const string DropIdle =
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
        + " WHERE slot_name = $1::name AND NOT active";

    // Nobody can stream from it any more, and a backup can't use it.
    const string DropLost = DropIdle + " AND wal_status = 'lost'";

    /// <summary>Makes what is missing or has lost its log, and drops those idle ones that we once made and that nobody
    /// wants any more.</summary>
    public async Task<StepResult> SetAsync(
        SqlSession session, IReadOnlyCollection<string> wanted, CancellationToken stop)
    {
        foreach (var slot in wanted)
            await session.ExecuteAsync(DropLost, [slot], stop);
        var existing = await session.ColumnAsync(Existing, stop);
        var made = Made();
        // Before they are made: a crash in between leaves a name too many, which harms nobody.
        Keep(made.Intersect(existing, StringComparer.Ordinal).Union(wanted, StringComparer.Ordinal));
        foreach (var slot in wanted.Except(existing, StringComparer.Ordinal))
            await session.ExecuteAsync(Create, [slot], stop);
        foreach (var slot in made.Intersect(existing, StringComparer.Ordinal).Except(wanted, StringComparer.Ordinal))
            await session.ExecuteAsync(DropIdle, [slot], stop);
        return StepResult.Done;
    }

    /// <summary>Makes this one, anew if its log is lost.</summary>
    public static async Task EnsureAsync(SqlSession session, string slot, CancellationToken stop)
    {
        await session.ExecuteAsync(DropLost, [slot], stop);
        var existing = await session.ColumnAsync(Existing, stop);
        if (!existing.Contains(slot, StringComparer.Ordinal))
            await session.ExecuteAsync(Create, [slot], stop);
    }

    string[] Made() => File.Exists(data.SlotsFile) ? File.ReadAllLines(data.SlotsFile) : [];

    void Keep(IEnumerable<string> names)
    {
        var text = string.Concat(names.Order(StringComparer.Ordinal).Select(name => $"{name}\n"));
        if (!File.Exists(data.SlotsFile) || File.ReadAllText(data.SlotsFile) != text)
            files.Write(data.SlotsFile, text);
    }
}
