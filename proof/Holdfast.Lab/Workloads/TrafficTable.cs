using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>The table that all runs write to.</summary>
static class TrafficTable
{
    // pg_walfile_name begins with the timeline, eight hexadecimal digits (PostgreSQL manual, 9.27.3).
    const string Timeline = "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int";

    public const string Create = $"""
        CREATE TABLE IF NOT EXISTS holdfast_traffic (
            id bigint PRIMARY KEY,
            worker int,
            at timestamptz DEFAULT now(),
            server text DEFAULT host(inet_server_addr()),
            timeline int DEFAULT {Timeline})
        """;

    public const string Insert = "INSERT INTO holdfast_traffic (id, worker) VALUES ($1, $2) RETURNING server, timeline";
    public const string Read = "SELECT id FROM holdfast_traffic ORDER BY id DESC LIMIT 1";
    public const string ReadAll =
        "SELECT id FROM holdfast_traffic WHERE id BETWEEN $1 AND $2 AND NOT pg_is_in_recovery()";

    public static NpgsqlCommand InsertInto(NpgsqlConnection connection, long id, int worker) => new(Insert, connection)
    {
        Parameters =
        {
            new NpgsqlParameter<long> { TypedValue = id },
            new NpgsqlParameter<int> { TypedValue = worker },
        },
    };
}
