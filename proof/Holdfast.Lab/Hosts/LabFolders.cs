using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>Where the things of one lab are on the machine.</summary>
sealed record LabFolders(string Lab)
{
    public const string StateRoot = "/run/holdfast-lab";
    public const string DataRoot = "/var/lib/holdfast-lab";
    public const string LogRoot = "/var/log/holdfast-lab";

    public string State => Path.Combine(StateRoot, Lab);
    public string StateFile => Path.Combine(State, "lab.json");

    /// <summary>Becomes /etc/holdfast of every host.</summary>
    public string Settings => Path.Combine(State, "etc");
    public string ClusterFile => Path.Combine(Settings, "holdfast.yml");
    public string HostsFile => Path.Combine(State, "hosts");

    /// <summary>What every host's supervisor is started as, and with which variables: start-host needs them
    /// again.</summary>
    public string NodeCommand => Path.Combine(State, "node");
    public string AfterNodeCommand => Path.Combine(State, "after-node");
    public string Secrets => Path.Combine(State, "secrets");

    /// <summary>Which ports the relay has taken; written by it once it serves.</summary>
    public string RelayPorts => Path.Combine(State, "relay.json");
    public string RelayOutput => Path.Combine(State, "relay.out");

    public string Data => Path.Combine(DataRoot, Lab);

    /// <summary>All that the lab keeps for a host.</summary>
    public string Of(string host) => Path.Combine(Data, host);

    /// <summary>Becomes /var/lib/holdfast of the host; on a real disk, so that fsync costs what it costs.</summary>
    public string DataOf(string host) => Path.Combine(Of(host), "data");

    /// <summary>Inside the former; a disk of its own where the hosts have disks.</summary>
    public string EtcdOf(string host) => Path.Combine(DataOf(host), "etcd");

    /// <summary>What the host's first process and its supervisor print: the place of systemd's journal.</summary>
    public string ConsoleOf(string host) => Path.Combine(Of(host), "console.out");
    public string LogsOf(string host) => Path.Combine(DataOf(host), "log");

    /// <summary>A copy of the published programs: a build must not change files that running hosts have
    /// mapped.</summary>
    public string AllPrograms => Path.Combine(Data, "_programs");
    public string Programs => Path.Combine(AllPrograms, "holdfast");
    public string LabPrograms => Path.Combine(AllPrograms, "lab");

    /// <summary>What the hosts see below /opt: all but the lab's own.</summary>
    public IEnumerable<string> HostPrograms => Directory.EnumerateDirectories(AllPrograms)
        .Where(folder => !string.Equals(folder, LabPrograms, StringComparison.Ordinal));

    /// <summary>Exists once the host's mounts are in place.</summary>
    public string ReadyOf(string host) => Path.Combine(State, host + ".ready");

    /// <summary>Pid and number of restarts of the host's supervisor, kept by the first process.</summary>
    public string SupervisorOf(string host) => Path.Combine(State, host + ".supervisor");

    public CgroupFolder Cgroup => CgroupFolder.Root().Child("holdfast-lab").Child(Lab);
    public CgroupFolder CgroupOf(string host) => Cgroup.Child(host);
    public CgroupFolder RelayCgroup => Cgroup.Child("_relay");
}
