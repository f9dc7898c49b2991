using System.Globalization;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>SHOW CONFIG, in PgBouncer's words where it has one for it. Changeable: by RELOAD.</summary>
internal static class ConfigRows
{
    public static List<string?[]> Of(PooledProxy plane)
    {
        var (settings, pools, missing) = (plane.Settings, plane.Pools, new PoolSettings { Mode = PoolMode.Session });
        return
        [
            .. new string?[][]
            {
                ["admin_users", string.Join(", ", settings.Console.AdminUsers), "", "yes"],
                ["auth_type", pools.AsksPassword ? "scram-sha-256" : "trust", "scram-sha-256", "no"],
                ["default_pool_size", Text(pools.Size), Text(missing.Size), "yes"],
                ["hold_timeout", Text(settings.HoldTimeout), "30", "yes"],
                ["listen_addr", settings.Address.ToString(), "0.0.0.0", "no"],
                ["listen_port", Text(settings.PrimaryPort), "5000", "no"],
                ["loops", Text(plane.Workers.Count), "0", "no"],
                ["max_client_conn", Text(settings.ClientsMax), "8000", "yes"],
                ["pool_mode", pools.Mode == PoolMode.Session ? "session" : "transaction", "none", "no"],
                ["query_wait_timeout", Text(pools.QueryWaitTimeout), Text(missing.QueryWaitTimeout), "yes"],
                ["replicas_port", settings.ReplicasPort?.ToString(CultureInfo.InvariantCulture) ?? "", "", "no"],
                ["server_idle_timeout", Text(pools.ServerIdleTimeout), Text(missing.ServerIdleTimeout), "yes"],
                ["server_lifetime", Text(pools.ServerLifetime), Text(missing.ServerLifetime), "yes"],
                ["stats_period", Text(StatsPeriods.Period), Text(StatsPeriods.Period), "no"],
                ["stats_users", string.Join(", ", settings.Console.StatsUsers), "", "yes"],
            }.OrderBy(row => row[0], StringComparer.Ordinal),
        ];
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    static string Text(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
