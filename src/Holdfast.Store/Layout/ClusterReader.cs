using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;

namespace Holdfast.Store.Layout;

/// <summary>Reads the keys of one cluster into a view. Pure. Takes what any version of Patroni since 2.0 wrote; a
/// value that can't be read counts as absent, so that one odd key never hides the rest.</summary>
public static class ClusterReader
{
    public static ClusterView Read(Snapshot snapshot, PatroniKeys keys, HoldfastKeys ours)
    {
        var raised = snapshot.Find(ours.TermBase);
        var termBase = Integer(raised?.Value) ?? 0;
        var config = snapshot.Find(keys.Config);
        var starts = snapshot.Find(ours.Starts);
        return new ClusterView
        {
            Revision = snapshot.Header.Revision,
            StoreId = snapshot.Header.StoreId,
            TermBase = termBase,
            TermBaseRevision = raised?.ModRevision ?? 0,
            Initialize = snapshot.Find(keys.Initialize)?.Value,
            Leader = Leader(snapshot.Find(keys.Leader), termBase),
            Release = Release(snapshot.Find(ours.Release)),
            Members = Members(snapshot, keys),
            Sync = Sync(snapshot.Find(keys.Sync)),
            // What is older than the base is of the copy that was restored, and lacks what came after that copy.
            Starts = starts is not null && starts.ModRevision > (raised?.ModRevision ?? 0)
                ? StartsJson.Read(starts.Value) : [],
            StartsRevision = starts?.ModRevision ?? 0,
            Failover = Failover(snapshot.Find(keys.Failover)),
            Failsafe = Failsafe(snapshot.Find(keys.Failsafe)),
            Settings = DynamicSettingsJson.Read(config?.Value),
            SettingsRevision = config?.ModRevision ?? 0,
            LeaderPosition = Status(snapshot.Find(keys.Status)) ?? Optime(snapshot.Find(keys.LeaderOptime)) ?? Lsn.Zero,
            History = snapshot.Find(keys.History)?.Value,
        };
    }

    static LeaderView? Leader(KeyValue? pair, long termBase) =>
        pair is { Value.Length: > 0 }
            ? new LeaderView(
                new NodeName(pair.Value), new Term(termBase + pair.ModRevision), pair.ModRevision, pair.Lease)
            : null;

    static ReleaseView? Release(KeyValue? pair) =>
        LooseJson.Object(pair?.Value) is { } value && Name(value, "by") is { } by && value.Number("term") is { } term
            ? new ReleaseView(by, new Term(term), value.Text("why") ?? "")
            {
                End = value.Number("timeline") is { } timeline and > 0 && value.Position("shutdown_at") is { } end
                    ? ((int)timeline, new Lsn(end)) : null,
                To = Name(value, "to"),
                ModRevision = pair!.ModRevision,
            }
            : null;

    static ImmutableSortedDictionary<NodeName, string> Failsafe(KeyValue? pair) =>
        LooseJson.Object(pair?.Value) is { } value
            ? value.EnumerateObject()
                .Where(member => member.Value.ValueKind == JsonValueKind.String)
                .ToImmutableSortedDictionary(member => new NodeName(member.Name), member => member.Value.GetString()!)
            : ImmutableSortedDictionary<NodeName, string>.Empty;

    static ImmutableArray<MemberView> Members(Snapshot snapshot, PatroniKeys keys)
    {
        var members = ImmutableArray.CreateBuilder<MemberView>();
        foreach (var pair in snapshot.Pairs)
        {
            if (keys.MemberOf(pair.Key) is { } name)
                members.Add(MemberJson.Read(new NodeName(name), pair.Value));
        }
        members.Sort((left, right) => left.Name.CompareTo(right.Name));
        return members.DrainToImmutable();
    }

    static SyncView? Sync(KeyValue? pair)
    {
        if (LooseJson.Object(pair?.Value) is not { } value)
            return null;
        var leader = Name(value, "leader");
        var standbys = (value.Text("sync_standby") ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(name => new NodeName(name))
            .Where(name => name != leader)
            .Distinct()
            .Order();
        return new SyncView(leader, [.. standbys], (int)Math.Max(value.Number("quorum") ?? 0, 0), pair!.ModRevision);
    }

    static FailoverView? Failover(KeyValue? pair)
    {
        if (LooseJson.Object(pair?.Value) is not { } value)
            return null;
        // An empty object is Patroni's way to say that there is no wish.
        var wish = new FailoverView(
            Name(value, "leader"), Name(value, "member"), value.Text("scheduled_at"), pair!.ModRevision);
        return wish is { Leader: null, Candidate: null, ScheduledAt: null } ? null : wish;
    }

    static Lsn? Status(KeyValue? pair) => LooseJson.Parse(pair?.Value) switch
    {
        { ValueKind: JsonValueKind.Object } value when value.Position("optime") is { } position => new Lsn(position),
        { ValueKind: JsonValueKind.Number } value when value.TryGetUInt64(out var position) => new Lsn(position),
        _ => null,
    };

    static Lsn? Optime(KeyValue? pair) =>
        Integer(pair?.Value) is { } position and >= 0 ? new Lsn((ulong)position) : null;

    static NodeName? Name(JsonElement value, string field) =>
        value.Text(field) is { Length: > 0 } name ? new NodeName(name) : null;

    static long? Integer(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
