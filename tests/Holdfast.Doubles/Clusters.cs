using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Doubles;

/// <summary>Builds views that read aloud: <c>Clusters.Of("n1", "n2").LedBy("n1", term: 7)</c>.</summary>
public static class Clusters
{
    public const string System = "7000000000000000001";

    public static readonly DynamicSettings Quorum = new()
    {
        Ttl = TimeSpan.FromSeconds(3),
        LoopWait = TimeSpan.FromSeconds(1),
        SynchronousMode = SynchronousMode.Quorum,
    };

    public static ClusterView Of(params string[] members) => new()
    {
        Revision = 100,
        Initialize = System,
        Settings = Quorum,
        Members = [.. members.Select((name, index) => new MemberView
        {
            Name = new NodeName(name),
            ConnUrl = $"postgres://10.0.0.{index + 1}:5432/postgres",
            ApiUrl = $"http://10.0.0.{index + 1}:8008/patroni",
            State = "running",
            Role = "replica",
        })],
    };

    public static ClusterView LedBy(this ClusterView view, string leader, long term = 50) => view with
    {
        Leader = new LeaderView(new NodeName(leader), new Term(term), term, LeaseId: 1),
        Members = [.. view.Members.Select(member => member.Name.Value == leader
            ? member with { Role = "primary", Term = new Term(term) }
            : member)],
    };

    /// <summary>Its leader is about to hand over.</summary>
    public static ClusterView Naming(this ClusterView view, string successor) => view with
    {
        Members = [.. view.Members.Select(member => member.Name == view.Leader!.Holder
            ? member with { Successor = new NodeName(successor) }
            : member)],
    };

    public static ClusterView Synchronous(this ClusterView view, string leader, int quorum, params string[] standbys) =>
        view with { Sync = new SyncView(new NodeName(leader), Names(standbys), quorum, ModRevision: 60) };

    public static ImmutableArray<NodeName> Names(params string[] names) =>
        [.. names.Select(name => new NodeName(name))];

    public static SelfView Self(string name, PostgresState state, DataState data = DataState.Usable) => new()
    {
        Name = new NodeName(name),
        Hosts = Names("n1", "n2", "n3"),
        Postgres = new PostgresView
        {
            State = state,
            Data = data,
            SystemIdentifier = data == DataState.Empty ? null : System,
            Timeline = data == DataState.Empty ? null : 1,
            Received = state == PostgresState.Replica ? new Lsn(1000) : null,
            Written = state == PostgresState.Primary ? new Lsn(1000) : null,
        },
    };

    public static SelfView Leading(this SelfView self, long term = 50) =>
        self with { HasLease = true, Term = new Term(term) };

    /// <summary>A replica of the member at this address.</summary>
    public static SelfView Following(this SelfView self, string host) => self with
    {
        Postgres = self.Postgres with { PrimaryConninfo = $"host={host} port=5432 user=postgres" },
    };

    /// <summary>A replica that has seen the lock become free a second ago.</summary>
    public static SelfView Campaigning(this SelfView self, params PeerAnswer[] peers) => self with
    {
        Leaderless = TimeSpan.FromSeconds(1),
        LastTerm = new Term(50),
        Refused = new Term(50),
        Lock = LockFreedom.Free,
        Peers = [.. peers],
    };

    public static PeerAnswer Peer(string name, ulong position = 1000, int timeline = 1) => new()
    {
        Name = new NodeName(name),
        Role = "replica",
        State = "running",
        Timeline = timeline,
        Position = new Lsn(position),
        PositionAge = TimeSpan.FromMilliseconds(10),
        SystemIdentifier = System,
        Data = DataState.Usable,
        Refused = new Term(50),
    };
}
