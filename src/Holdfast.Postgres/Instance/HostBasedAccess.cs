namespace Holdfast.Postgres.Instance;

/// <summary>pg_hba.conf (PostgreSQL manual, 21.1).</summary>
static class HostBasedAccess
{
    public const string Header = "# Written by holdfast: changes made here are lost.";

    /// <summary>The unix socket lies in a folder that only PostgreSQL's user may enter: whoever comes through it could
    /// read the data files as well. The agent depends on this line, so that it comes before anybody's own.</summary>
    const string Agent = "local all all trust\nlocal replication all trust\n";

    static readonly string[] Default =
    [
        "host replication all 0.0.0.0/0 scram-sha-256",
        "host replication all ::/0 scram-sha-256",
        "host all all 0.0.0.0/0 scram-sha-256",
        "host all all ::/0 scram-sha-256",
    ];

    /// <summary>The member's lines, else the cluster's, else ours.</summary>
    public static string Text(IReadOnlyCollection<string> member, IReadOnlyCollection<string> cluster)
    {
        var lines = member.Count > 0 ? member : cluster.Count > 0 ? cluster : Default;
        return $"{Header}\n{Agent}{string.Join('\n', lines)}\n";
    }
}
