using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Rivals;

/// <summary>What etcd, Patroni and HAProxy of each host read, from the same cluster file that Holdfast would.</summary>
sealed class PatroniFiles(ClusterFile file, Rival rival)
{
    public const string Node = "patroni-node.sh";
    const string Bootstrap = "patroni-bootstrap.sh", Proxy = "haproxy.cfg";

    readonly Credentials _app = Credentials.Of(file);

    public ImmutableSortedDictionary<string, string> All()
    {
        var files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        files[Node] = NodeScript;
        // Patroni appends the superuser's connection string.
        files[Bootstrap] = $"""
            psql "$1" -c "CREATE USER {_app.User} PASSWORD '{_app.Password}'" \
              -c "CREATE DATABASE {_app.Database} OWNER {_app.User}"

            """;
        files[Proxy] = HaProxy();
        foreach (var host in file.Postgres.On)
        {
            files[$"etcd-{host}.yml"] = YamlText.Of(Etcd(host));
            files[$"patroni-{host}.yml"] = YamlText.Of(Patroni(host));
        }
        return files.ToImmutable();
    }

    JsonObject Etcd(NodeName host)
    {
        string Url(NodeName at, int port) => $"http://{file.AddressOf(at)}:{port}";
        return new JsonObject
        {
            ["name"] = host.Value,
            ["data-dir"] = "/var/lib/holdfast/etcd",
            ["listen-client-urls"] = Url(host, file.Etcd.ClientPort),
            ["advertise-client-urls"] = Url(host, file.Etcd.ClientPort),
            ["listen-peer-urls"] = Url(host, file.Etcd.PeerPort),
            ["initial-advertise-peer-urls"] = Url(host, file.Etcd.PeerPort),
            ["initial-cluster"] = string.Join(
                ',', file.Etcd.On.Select(member => $"{member}={Url(member, file.Etcd.PeerPort)}")),
            ["initial-cluster-token"] = file.Cluster,
            // On by default, but not with a file of settings.
            ["enable-grpc-gateway"] = true,
        };
    }

    JsonObject Patroni(NodeName host) => new()
    {
        ["scope"] = file.Cluster,
        ["name"] = host.Value,
        ["restapi"] = new JsonObject
        {
            ["listen"] = $"{file.AddressOf(host)}:{file.Postgres.Rest}",
            ["connect_address"] = $"{file.AddressOf(host)}:{file.Postgres.Rest}",
        },
        ["etcd3"] = new JsonObject { ["hosts"] = Texts([.. file.EtcdEndpoints(host)]) },
        ["bootstrap"] = new JsonObject
        {
            ["dcs"] = Dynamic(),
            ["initdb"] = new JsonArray(new JsonObject { ["encoding"] = "UTF8" }, "data-checksums"),
            ["pg_hba"] = Texts(
            [
                "local all all trust",
                "host all all 0.0.0.0/0 scram-sha-256",
                "host replication all 0.0.0.0/0 scram-sha-256",
            ]),
            ["post_bootstrap"] = $"sh /etc/holdfast/{Bootstrap}",
        },
        ["postgresql"] = Postgres(host),
    };

    JsonObject Dynamic() => new()
    {
        ["ttl"] = rival.Ttl,
        ["loop_wait"] = rival.LoopWait,
        ["retry_timeout"] = rival.RetryTimeout,
        ["primary_start_timeout"] = rival.PrimaryStartTimeout,
        ["maximum_lag_on_failover"] = 1 << 20,
        // Holdfast waits for a standby too.
        ["synchronous_mode"] = true,
        ["postgresql"] = new JsonObject
        {
            ["use_pg_rewind"] = true,
            ["use_slots"] = true,
            ["parameters"] = JsonNode.Parse(file.Postgres.Dcs.Json)?["postgresql"]?["parameters"]?.DeepClone()
                ?? new JsonObject(),
        },
    };

    JsonObject Postgres(NodeName host)
    {
        JsonObject User(string name) => new() { ["username"] = name, ["password"] = name };
        return new JsonObject
        {
            ["listen"] = $"{file.AddressOf(host)}:{file.Postgres.Listen}",
            ["connect_address"] = $"{file.AddressOf(host)}:{file.Postgres.Listen}",
            ["data_dir"] = "/var/lib/holdfast/postgres/data",
            ["bin_dir"] = file.Postgres.BinDir ?? NewestBinDir(),
            ["pgpass"] = "/var/lib/holdfast/postgres/pgpass",
            ["parameters"] = new JsonObject { ["unix_socket_directories"] = "/run/holdfast/postgres" },
            ["authentication"] = new JsonObject
            {
                ["superuser"] = User("postgres"),
                ["replication"] = User("replicator"),
                ["rewind"] = User("rewinder"),
            },
        };
    }

    string HaProxy()
    {
        var head = """
            global
              maxconn 1000
            defaults
              mode tcp
              retries 2
              timeout client 30m
              timeout connect 4s
              timeout server 30m
              timeout check 5s

            """;
        var proxy = file.PgProxy ?? throw new LabException("a comparison needs the file's section pgproxy: its ports");
        return head + Listen(proxy.Primary, "primary")
            + (proxy.Replicas is { } replicas ? Listen(replicas, "replica") : "");
    }

    string Listen(int port, string role) => $"""
        listen {role}
          bind *:{port}
          option httpchk OPTIONS /{role}
          http-check expect status 200
          default-server {rival.Checks} on-marked-down shutdown-sessions

        """ + string.Concat(file.Postgres.On.Select(host => $"  server {host} {file.AddressOf(host)}:"
            + $"{file.Postgres.Listen} maxconn 100 check port {file.Postgres.Rest}\n"));

    static JsonArray Texts(IEnumerable<string> texts) =>
        [.. texts.Select(text => (JsonNode?)JsonValue.Create(text))];

    static string NewestBinDir() => Directory.EnumerateDirectories("/usr/lib/postgresql")
        .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
        .Select(folder => Path.Combine(folder, "bin"))
        .FirstOrDefault() ?? throw new LabException("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql");

    /// <summary>In the place of the host's service units: each program in a cgroup of the name by which the lab's
    /// faults know it, since Patroni is the agent here and HAProxy the proxy.</summary>
    const string NodeScript = """
        host=$1
        data=/var/lib/holdfast
        cgroups=$(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts)
        own=$cgroups$(sed -n 's/^0:://p' /proc/self/cgroup)/rival

        start() {
            mkdir -p "$own/$1"
            leaf=$own/$1 log=$data/log/$1.log user=$2
            shift 2
            sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$leaf" \
                setpriv --reuid="$user" --regid="$user" --init-groups "$@" >>"$log" 2>&1 &
        }

        mkdir -p $data/log $data/etcd $data/postgres /run/holdfast/postgres
        chown etcd: $data/etcd
        chown postgres: $data/postgres /run/holdfast/postgres
        chmod 700 $data/etcd
        start etcd etcd etcd --config-file /etc/holdfast/etcd-$host.yml
        HOME=$data/postgres start agent postgres patroni /etc/holdfast/patroni-$host.yml
        patroni=$!
        start pgproxy haproxy haproxy -db -f /etc/holdfast/haproxy.cfg
        trap 'kill $patroni; wait $patroni; kill $(cat $own/*/cgroup.procs); exit 0' TERM
        while :; do wait; sleep 0.1; done

        """;
}
