using Holdfast.Cluster.Model;

namespace Holdfast.Doubles.PgProxy;

/// <summary>Clusters as the store may describe them.</summary>
public static class Views
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(3);

    public static MemberView Primary(string name, long term, int port = 5432) =>
        Member(name, port) with { Role = "primary", Term = new Term(term) };

    public static MemberView Replica(string name, int port = 5432) => Member(name, port) with { Role = "replica" };

    public static ClusterView Led(string by, long term, params MemberView[] members) =>
        Leaderless(members) with { Leader = new LeaderView(new NodeName(by), new Term(term), term, 1) };

    public static ClusterView Leaderless(params MemberView[] members) => new()
    {
        Revision = 1,
        Settings = new DynamicSettings { Ttl = Ttl },
        Members = [.. members],
    };

    static MemberView Member(string name, int port) => new()
    {
        Name = new NodeName(name),
        ConnUrl = $"postgres://127.0.0.1:{port}/postgres",
        State = "running",
    };
}
