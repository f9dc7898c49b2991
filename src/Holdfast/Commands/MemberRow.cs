using System.Collections.Immutable;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;

namespace Holdfast.Commands;

/// <summary>One member in the words of <c>patronictl list</c> 4.1. Texts are empty, and numbers null, where it shows
/// nothing.</summary>
sealed record MemberRow
{
    const int UsualPort = 5432;

    public required string Cluster { get; init; }
    public required string Member { get; init; }

    /// <summary>With the port only when some member is not at 5432, or two share a host.</summary>
    public required string Host { get; init; }
    public required string Role { get; init; }
    public required string State { get; init; }
    public int? Timeline { get; init; }

    /// <summary>A position, <c>unknown</c>, or nothing on the leader.</summary>
    public string ReceiveLsn { get; init; } = "";

    /// <summary>Whole MiB, which Patroni calls MB.</summary>
    public long? ReceiveLag { get; init; }
    public string ReplayLsn { get; init; } = "";
    public long? ReplayLag { get; init; }
    public bool PendingRestart { get; init; }

    /// <summary>Those that are true.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>In the order of names.</summary>
    public static ImmutableArray<MemberRow> Of(ClusterView view, string cluster)
    {
        var lines = MemberLine.Of(view);
        var hosts = new HashSet<string>(StringComparer.Ordinal);
        var showPort = false;
        foreach (var line in lines)
        {
            if (line.Member.Address is var (host, port))
                showPort |= port != UsualPort || !hosts.Add(host);
        }
        return [.. lines.Select(line => Of(line, cluster, showPort))];
    }

    static MemberRow Of(MemberLine line, string cluster, bool showPort)
    {
        var (receive, replay) = Distances(line);
        return new MemberRow
        {
            Cluster = cluster,
            Member = line.Member.Name.Value,
            Host = line.Member.Address is var (host, port) ? (showPort ? $"{host}:{port}" : host) : "",
            Role = RoleWords(line.Role),
            State = line.State,
            Timeline = line.Member.Timeline,
            ReceiveLsn = Position(receive),
            ReceiveLag = Mebibytes(receive),
            ReplayLsn = Position(replay),
            ReplayLag = Mebibytes(replay),
            PendingRestart = line.Member.PendingRestart,
            Tags = TagsOf(line.Member),
        };
    }

    // Members of Patroni before 4.1 publish one position only: it is the received one while they stream.
    static (Distance? Receive, Distance? Replay) Distances(MemberLine line) => line switch
    {
        { Receive.At: null, Replay.At: null, Position: { At: not null } only } =>
            line.State == "streaming" ? (only, line.Replay) : (line.Receive, only),
        _ => (line.Receive, line.Replay),
    };

    static string Position(Distance? distance) => distance is { } known ? known.At?.ToString() ?? "unknown" : "";

    static long? Mebibytes(Distance? distance) =>
        distance is { Bytes: { } bytes } ? (long)Math.Round(bytes / 1024d / 1024d, MidpointRounding.ToEven) : null;

    static string RoleWords(string role) =>
        string.Join(' ', role.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    static ImmutableArray<string> TagsOf(MemberView member) =>
    [
        .. new (string Name, bool Is)[]
        {
            ("nofailover", member.NoFailover), ("noloadbalance", member.NoLoadBalance), ("nosync", member.NoSync),
        }.Where(tag => tag.Is).Select(tag => tag.Name),
    ];
}
