using System.Collections.Frozen;

namespace Holdfast.PgProxy.Admin;

/// <summary>The columns of each SHOW: PgBouncer 1.18's, in its order; what is our own comes behind.</summary>
internal static class ShowTables
{
    const string Socket = "type user database state addr port:i local_addr local_port:i connect_time request_time "
        + "wait:i wait_us:i close_needed:i ptr link remote_pid:i tls application_name";

    public static readonly FrozenDictionary<string, ConsoleColumn[]> All =
        new Dictionary<string, ConsoleColumn[]>(Words)
    {
        ["POOLS"] = ConsoleColumn.List(
            "database user cl_active:i cl_waiting:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active:i "
            + "sv_active_cancel:i sv_being_canceled:i sv_idle:i sv_used:i sv_tested:i sv_login:i maxwait:i "
            + "maxwait_us:i pool_mode cl_pinned:i"),
        ["CLIENTS"] = ConsoleColumn.List(Socket + " pinned"),
        ["SERVERS"] = ConsoleColumn.List(Socket + " host role in_transaction:i"),
        ["STATS"] = ConsoleColumn.List(
            "database total_xact_count:q total_query_count:q total_received:q total_sent:q total_xact_time:q "
            + "total_query_time:q total_wait_time:q avg_xact_count:q avg_query_count:q avg_recv:q avg_sent:q "
            + "avg_xact_time:q avg_query_time:q avg_wait_time:q"),
        ["STATS_TOTALS"] = Stats,
        ["STATS_AVERAGES"] = Stats,
        ["TOTALS"] = ConsoleColumn.List("name value:q"),
        ["LISTS"] = ConsoleColumn.List("list items:i"),
        ["DATABASES"] = ConsoleColumn.List(
            "name host port:i database force_user pool_size:i min_pool_size:i reserve_pool:i pool_mode "
            + "max_connections:i current_connections:i paused:i disabled:i"),
        ["USERS"] = ConsoleColumn.List("name pool_mode"),
        ["CONFIG"] = ConsoleColumn.List("key value default changeable"),
        ["VERSION"] = ConsoleColumn.List("version"),
        ["STATE"] = ConsoleColumn.List("key value"),
        ["DNS_HOSTS"] = ConsoleColumn.List("hostname ttl:q addrs"),
        ["DNS_ZONES"] = ConsoleColumn.List("zonename serial:q count:i"),
    }.ToFrozenDictionary(Words);

    /// <summary>Those that PgBouncer has and we have not, and why.</summary>
    public static readonly FrozenDictionary<string, string> Refused = new Dictionary<string, string>(Words)
    {
        ["FDS"] = "sockets are handed to the next process by --take-over, not by SHOW FDS",
        ["SOCKETS"] = "ask SHOW CLIENTS and SHOW SERVERS",
        ["ACTIVE_SOCKETS"] = "ask SHOW CLIENTS and SHOW SERVERS",
        ["MEM"] = "the proxy has no caches of fixed objects",
    }.ToFrozenDictionary(Words);

    static StringComparer Words => StringComparer.OrdinalIgnoreCase;

    static ConsoleColumn[] Stats => ConsoleColumn.List(
        "database xact_count:q query_count:q bytes_received:q bytes_sent:q xact_time:q query_time:q wait_time:q");
}
