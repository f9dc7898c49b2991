namespace Holdfast.FunctionalTests.Lab;

/// <summary>Stands in for `holdfast node` where only the lab itself is tested: programs in cgroup leaves of their own,
/// a postmaster with children, and a graceful stop.</summary>
static class StandInNode
{
    /// <summary>A file in the host's data folder: from here on it stops as it was asked to.</summary>
    public const string Ready = "ready";

    public const string Script = $$"""
        host=$1
        cgroups=$(awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts)
        own=$cgroups$(sed -n 's/^0:://p' /proc/self/cgroup)/holdfast-$host
        echo "stand-in of $host"

        start() {
            mkdir -p "$own/$1"
            leaf=$own/$1; shift
            sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$leaf" "$@" &
        }

        mkdir -p /var/lib/holdfast/postgres/data /var/lib/holdfast/log
        echo "{\"host\":\"$host\"}" >>/var/lib/holdfast/log/etcd.jsonl
        start etcd sh -c 'exec sleep 1000'
        start agent sh -c 'exec sleep 1000'
        start pgproxy sh -c 'exec sleep 1000'
        start feed sh -c 'exec sleep 1000'
        start pg/postgres sh -c 'echo $$ >/var/lib/holdfast/postgres/data/postmaster.pid; sleep 1000 & setsid sleep 1000 & wait'
        trap 'echo stopped >>/var/lib/holdfast/log/etcd.jsonl; for leaf in etcd agent pgproxy feed pg/postgres; do kill -9 $(cat "$own/$leaf/cgroup.procs"); done; exit 0' TERM
        touch /var/lib/holdfast/{{Ready}}
        while :; do wait; sleep 0.1; done

        """;
}
