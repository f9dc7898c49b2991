using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>The last that a member said, and when it was asked (CLOCK_BOOTTIME).</summary>
internal readonly record struct PatroniWord(PatroniMember Member, PatroniAnswer? Said, TimeSpan AskedAt);

/// <summary>What members say, as a view of the store would tell it: pure.</summary>
internal static class PatroniView
{
    /// <summary>A member may miss a few answers before it gets no new clients. Those that it has go on.</summary>
    public static readonly TimeSpan ForgivenSilence = TimeSpan.FromSeconds(3);

    /// <param name="words">The last word of each.</param>
    /// <param name="system">Of the cluster: who has another one is somebody else's.</param>
    /// <param name="settings">ttl and loop_wait.</param>
    /// <param name="now">CLOCK_BOOTTIME.</param>
    /// <returns>The view, and when it was true: when the primary was asked, or anybody while there is none.</returns>
    public static (ClusterView View, TimeSpan FreshAt) Of(
        IReadOnlyCollection<PatroniWord> words, ulong system, DynamicSettings settings, TimeSpan now)
    {
        var ours = words.Where(word => word.Said?.IsOf(system) == true).ToList();
        var leader = Leader(ours, settings.Ttl, now);
        var view = new ClusterView
        {
            Revision = 1,
            StoreId = system,
            Settings = settings,
            // Patroni gives no term. Every promotion makes a new timeline: the highest is the newest reign.
            Leader = leader is { Said.Timeline: { } timeline, Member: var member }
                ? new LeaderView(member.Name, new Term(timeline), timeline, LeaseId: 0)
                : null,
            LeaderPosition = leader?.Said?.Written ?? Lsn.Zero,
            Members =
            [
                .. words.Where(word => word.Said is null || word.Said.IsOf(system))
                    .OrderBy(word => word.Member.Name).Select(word => Of(word, now)),
            ],
        };
        return (view, leader?.AskedAt ?? (ours.Count == 0 ? TimeSpan.Zero : ours.Max(word => word.AskedAt)));
    }

    // Its own word, and no older than a lease. Two of one timeline can't both be right.
    static PatroniWord? Leader(List<PatroniWord> words, TimeSpan ttl, TimeSpan now)
    {
        var claims = words.Where(word => word.Said!.IsPrimary && now - word.AskedAt < ttl)
            .OrderByDescending(word => word.Said!.Timeline).Take(2).ToList();
        return claims.Count == 0 || (claims.Count == 2 && claims[0].Said!.Timeline == claims[1].Said!.Timeline)
            ? null
            : claims[0];
    }

    static MemberView Of(PatroniWord word, TimeSpan now)
    {
        var member = new MemberView
        {
            Name = word.Member.Name,
            ConnUrl = word.Member.ConnUrl,
            ApiUrl = word.Member.Api.ToString(),
        };
        // It may be anything: nobody new is sent there, and nobody there is cut off.
        if (word.Said is not { } said)
            return member with { Role = "replica", State = "silent" };
        return member with
        {
            Role = said.Role,
            State = said.Role == "replica" && now - word.AskedAt > ForgivenSilence ? "silent" : said.State,
            Version = said.Version,
            Timeline = said.Timeline,
            Position = said.Written > Lsn.Zero ? said.Written : said.Received ?? said.Replayed ?? Lsn.Zero,
            Received = said.Received,
            Replayed = said.Replayed,
            ReplicationState = said.ReplicationState,
            NoLoadBalance = said.NoLoadBalance,
        };
    }

    /// <summary>Whether both say the same.</summary>
    public static bool IsSame(ClusterView one, ClusterView other) =>
        one.StoreId == other.StoreId && one.Leader == other.Leader && one.LeaderPosition == other.LeaderPosition
        && one.Settings?.Ttl == other.Settings?.Ttl && one.Members.SequenceEqual(other.Members);
}
