namespace Holdfast.Lab.Proxies;

/// <summary>The configuration of one proxy, and how it is started.</summary>
/// <param name="Path">Which one.</param>
/// <param name="Port">Where it listens.</param>
/// <param name="Postgres">The port behind it.</param>
/// <param name="Etcd">Where Holdfast learns of that.</param>
/// <param name="Folder">The proxy's own.</param>
sealed record StageFiles(ProxyPath Path, int Port, int Postgres, int Etcd, string Folder)
{
    string File => System.IO.Path.Combine(Folder, "proxy.conf");
    string Users => System.IO.Path.Combine(Folder, "users.txt");

    public void Write()
    {
        System.IO.File.WriteAllText(File, Text());
        System.IO.File.WriteAllText(Users, $"\"{Path.User}\" \"{Stage.Password}\"\n");
    }

    /// <param name="programs">Folder of the published holdfast.</param>
    public string[] Command(string programs) => Path switch
    {
        _ when Path == ProxyPath.HAProxy => ["haproxy", "-db", "-f", File],
        _ when IsPgBouncer => ["setpriv", .. Stage.AsOwner, "pgbouncer", File],
        _ => ["setpriv", .. Stage.AsOwner, System.IO.Path.Combine(programs, "holdfast"), "pgproxy", "--config", File,
            "--name", "n1", "--data", Folder, "--users", Users],
    };

    bool IsPgBouncer => Path == ProxyPath.PgBouncerSession || Path == ProxyPath.PgBouncerTransaction;

    string Mode => Path.IsSession ? "session" : "transaction";

    string Text() => Path switch
    {
        _ when Path == ProxyPath.HAProxy => $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 1h
              timeout server 1h
            listen pg
              bind 127.0.0.1:{Port}
              server n1 127.0.0.1:{Postgres} check

            """,
        _ when IsPgBouncer => $"""
            [databases]
            {Stage.Database} = host=127.0.0.1 port={Postgres}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {Users}
            pool_mode = {Mode}
            default_pool_size = {Path.Servers}
            max_client_conn = 20000
            log_connections = 0
            log_disconnections = 0

            """,
        _ => $$"""
            cluster: bench
            hosts: { n1: 127.0.0.1 }
            etcd: { endpoints: ["127.0.0.1:{{Etcd}}"] }
            postgres:
              on: [n1]
              listen: {{Postgres}}
              users: { postgres: { password: {{Stage.Password}} } }
            pgproxy: { on: [n1], primary: {{Port}}, pool: {{Mode}}, pool_size: {{Path.Servers}}, auth_type: trust }

            """,
    };
}
