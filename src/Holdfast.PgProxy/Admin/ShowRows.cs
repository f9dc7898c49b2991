using System.Globalization;
using System.Net;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>The rows of the SHOWs, for the console of one port: each port is to its operators what one PgBouncer
/// is.</summary>
internal sealed class ShowRows(PooledProxy plane, Port port)
{
    const string ConsoleMode = "statement";

    static string ModeOf(PoolFacts pool) => pool.Settings.Mode == PoolMode.Session ? "session" : "transaction";

    /// <summary>One for each database and user; those that only differ in their settings are one here.</summary>
    public async Task<List<string?[]>> PoolsAsync() =>
    [
        .. (await PoolFactsAsync())
            .GroupBy(pool => (pool.Key.Database, pool.Key.User))
            .OrderBy(same => same.Key.Database, StringComparer.Ordinal)
            .ThenBy(same => same.Key.User, StringComparer.Ordinal)
            .Select(same => Row(same.Aggregate((sum, one) => sum.And(one)))),
        [ConsoleSettings.Database, ConsoleSettings.Database, Text(plane.Consoles),
            "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", ConsoleMode, "0"],
    ];

    async Task<IEnumerable<PoolFacts>> PoolFactsAsync() =>
        (await PlaneFacts.PoolsAsync(plane)).Where(pool => pool.Key.Port == port);

    string?[] Row(PoolFacts pool) =>
    [
        pool.Key.Database, pool.Key.User, Text(pool.Clients - pool.Waiting), Text(pool.Waiting + pool.Newcomers),
        Text(pool.Cancelled), "0", Text(pool.Active), Text(pool.Cancelled), Text(pool.Cancelled), Text(pool.Idle), "0",
        Text(pool.Resetting), Text(pool.Logins), Text((long)pool.OldestWait.TotalSeconds), Text(Rest(pool.OldestWait)),
        ModeOf(pool), Text(pool.Pinned),
    ];

    public async Task<List<string?[]>> ClientsAsync(TimeSpan now) =>
    [
        .. from client in await PlaneFacts.ClientsAsync(plane)
           where client.Key.Port == port
           let wait = client.Waited ?? TimeSpan.Zero
           select new[]
           {
               "C", client.Key.User, client.Key.Database, client.Waited is null ? "active" : "waiting",
               Text(client.Card.From.Address), Text(client.Card.From.Port), Text(client.Local?.Address),
               Text(client.Local?.Port ?? 0), Time(client.Card.Born, now), Time(client.Asked, now),
               Text((long)wait.TotalSeconds), Text(Rest(wait)), "0", Pointer(client.Id), Pointer(client.Server), "0",
               client.Card.IsSecure ? "TLS" : "", client.Application,
               client.Pinned == PinReason.None ? "" : client.Pinned.ToString(),
           },
    ];

    public async Task<List<string?[]>> ServersAsync(TimeSpan now) =>
    [
        .. from server in await PlaneFacts.ServersAsync(plane)
           where server.Key.Port == port
           select new[]
           {
               "S", server.Key.User, server.Key.Database, StateOf(server), server.Server.Host,
               Text(server.Server.Port), Text(server.Local?.Address), Text(server.Local?.Port ?? 0),
               Time(server.Born, now), Time(server.Used, now), "0", "0", server.IsOld ? "1" : "0", Pointer(server.Id),
               Pointer(server.Client), Text(server.Process), "", server.Application, server.Server.Name.Value,
               server.Server.Role == ServerRole.Primary ? "primary" : "replica", server.IsInTransaction ? "1" : "0",
           },
    ];

    static string StateOf(ServerFacts server) => server switch
    {
        { IsCancelled: true } => "being_canceled",
        { Client: not null } => "active",
        { IsAtRest: true } => "idle",
        _ => "tested",
    };

    public List<string?[]> Stats(TimeSpan now) =>
    [
        .. from row in plane.Stats.Of(port, now)
           select (string?[])[row.Database, .. Texts(row.Total), .. Texts(row.Period.Averages(row.Length))],
    ];

    public List<string?[]> StatsTotals(TimeSpan now) =>
        [.. from row in plane.Stats.Of(port, now) select (string?[])[row.Database, .. Texts(row.Total)]];

    public List<string?[]> StatsAverages(TimeSpan now) =>
    [
        .. from row in plane.Stats.Of(port, now)
           select (string?[])[row.Database, .. Texts(row.Period.Averages(row.Length))],
    ];

    public List<string?[]> Totals(TimeSpan now)
    {
        var rows = plane.Stats.Of(port, now);
        var total = rows.Aggregate(default(StatsTotals), (sum, row) => sum.Plus(row.Total));
        var period = rows.Aggregate(default(StatsTotals), (sum, row) => sum.Plus(row.Period));
        string[] names =
            ["xact_count", "query_count", "client_bytes", "server_bytes", "xact_time", "query_time", "wait_time"];
        var averages = period.Averages(rows.Count > 0 ? rows[0].Length : TimeSpan.Zero);
        return
        [
            .. names.Zip(total.InOrder, (name, value) => new[] { $"total_{name}", Text(value) }),
            .. names.Zip(averages.InOrder, (name, value) => new[] { $"avg_{name}", Text(value) }),
        ];
    }

    public async Task<List<string?[]>> ListsAsync()
    {
        var pools = (await PoolFactsAsync()).ToList();
        var clients = plane.Clients;
        var logins = pools.Sum(pool => pool.Newcomers);
        return
        [
            ["databases", Text(Databases(pools).Count() + 1)],
            ["users", Text(pools.Select(pool => pool.Key.User).Distinct(StringComparer.Ordinal).Count() + 1)],
            ["pools", Text(pools.DistinctBy(pool => (pool.Key.Database, pool.Key.User)).Count() + 1)],
            ["free_clients", Text(Math.Max(plane.Settings.ClientsMax - clients, 0))], ["used_clients", Text(clients)],
            ["login_clients", Text(logins)], ["free_servers", Text(pools.Sum(pool => pool.Idle))],
            ["used_servers", Text(pools.Sum(pool => pool.Servers - pool.Idle))],
            ["dns_names", "0"], ["dns_zones", "0"], ["dns_queries", "0"], ["dns_pending", "0"],
        ];
    }

    static IEnumerable<string> Databases(IEnumerable<PoolFacts> pools) =>
        pools.Select(pool => pool.Key.Database).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    public async Task<List<string?[]>> DatabasesAsync()
    {
        var pools = (await PoolFactsAsync()).ToList();
        var server = plane.Pick(port);
        return
        [
            .. from database in Databases(pools)
               let orders = plane.Orders.Find(database)
               let its = pools.Where(pool => pool.Key.Database == database).ToList()
               let settings = its[0].Settings
               select new[]
               {
                   database, server?.Host, Text(server?.Port ?? 0), database, null, Text(settings.Size),
                   Text(settings.MinSize), Text(settings.ReserveSize), ModeOf(its[0]),
                   Text(settings.DatabaseServersMax), Text(its.Sum(pool => pool.Servers)),
                   orders is { IsPaused: true } ? "1" : "0", orders is { IsDisabled: true } ? "1" : "0",
               },
            [ConsoleSettings.Database, null, Text(plane.EndPointOf(port)?.Port ?? 0), ConsoleSettings.Database,
                ConsoleSettings.Database, "2", "0", "0", ConsoleMode, "0", "0", "0", "0"],
        ];
    }

    public async Task<List<string?[]>> UsersAsync() =>
    [
        .. from user in (await PoolFactsAsync()).Select(pool => pool.Key.User).Distinct(StringComparer.Ordinal)
               .Order(StringComparer.Ordinal)
           select new[] { user, (string?)null },
        [ConsoleSettings.Database, null],
    ];

    static IEnumerable<string> Texts(StatsTotals totals) => totals.InOrder.Select(Text);

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static string Text(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    static long Rest(TimeSpan wait) => wait.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond;

    static string Pointer(long? id) => id is { } known ? $"0x{known:x}" : "";

    static string Time(TimeSpan boot, TimeSpan now) =>
        (TimeProvider.System.GetUtcNow() - (now - boot)).ToString(
            "yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
