using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent.Configuration;

/// <summary>From the values of a file to the settings. What is missing or wrong becomes a problem; nothing is
/// thrown.</summary>
internal sealed class AgentFileBinder(AgentFileValues values, Func<string?> findPrograms)
{
    const int EtcdPort = 2379;

    /// <summary>Where Debian's PostgreSQL and its clients look for the socket when nobody says otherwise.</summary>
    const string DefaultSocketFolder = "/var/run/postgresql";

    /// <summary>Patroni's variables that would change what the agent does, and don't in this version.</summary>
    static readonly ImmutableArray<string> UnusedVariables =
    [
        "PATRONI_RESTAPI_CERTFILE", "PATRONI_RESTAPI_KEYFILE", "PATRONI_RESTAPI_CAFILE",
        "PATRONI_RESTAPI_VERIFY_CLIENT", "PATRONI_RESTAPI_USERNAME", "PATRONI_RESTAPI_PASSWORD",
        "PATRONI_CONFIGURATION",
    ];

    public IEnumerable<FileProblem> Problems => values.Problems;
    public IEnumerable<FileProblem> Warnings => values.Warnings;

    public AgentSettings Bind()
    {
        var scope = values.Needed("scope", "PATRONI_SCOPE");
        var name = new NodeName(values.Needed("name", "PATRONI_NAME"));
        var rest = Address("restapi.listen", "PATRONI_RESTAPI_LISTEN");
        var postgres = Postgres(scope, name);
        var dcs = values.Item("bootstrap.dcs");
        var dynamic = dcs?.ToJson() as JsonObject ?? [];
        foreach (var problem in DynamicSettingsJson.Problems(dynamic))
            values.Warn(dcs!.Mark, $"bootstrap.dcs: {problem}; the default is used");
        foreach (var variable in UnusedVariables.Where(variable => values.Variable(variable) is not null))
            values.Warn(YamlMark.None, $"the variable {variable} is not supported by this version");
        return new AgentSettings
        {
            Scope = scope,
            Namespace = values.Text("namespace", "PATRONI_NAMESPACE")?.Text.Trim('/') ?? "service",
            Name = name,
            RestListen = rest,
            RestConnect = Connect("restapi.connect_address", "PATRONI_RESTAPI_CONNECT_ADDRESS", rest),
            Etcd = Etcd(),
            Postgres = postgres,
            BootstrapDcs = DynamicSettingsJson.Of(dynamic),
            Hosts = Hosts(),
            FenceSocket = values.Text("holdfast.fence_socket")?.Text,
            StateDirectory = StateDirectory(postgres.DataDirectory),
            Watchdog = Watchdog(),
            NoFailover = IsBarred("nofailover", "failover_priority"),
            NoLoadBalance = values.Truth("tags.noloadbalance"),
            NoSync = IsBarred("nosync", "sync_priority"),
            FailoverPriority = Priority("failover_priority"),
            SyncPriority = Priority("sync_priority"),
        };
    }

    int Priority(string tag) =>
        values.Text($"tags.{tag}") is { } text && int.TryParse(text.Text, CultureInfo.InvariantCulture, out var number)
            ? number
            : 1;

    // Patroni: the boolean outranks the priority where both stand, and it says so.
    bool IsBarred(string tag, string priorityTag)
    {
        var barred = Priority(priorityTag) <= 0;
        if (values.Text($"tags.{tag}") is null)
            return barred;
        var truth = values.Truth($"tags.{tag}");
        if (values.Text($"tags.{priorityTag}") is { } priority && truth != barred)
            values.Warn(priority.Mark, $"Conflicting configuration between {tag}: {truth} and {priorityTag}:"
                + $" {priority.Text}. Defaulting to {tag}: {truth}");
        return truth;
    }

    InstanceSettings Postgres(string scope, NodeName name)
    {
        var listen = Address("postgresql.listen", "PATRONI_POSTGRESQL_LISTEN");
        var connect = Connect("postgresql.connect_address", "PATRONI_POSTGRESQL_CONNECT_ADDRESS", listen);
        if (connect.Port != listen.Port)
            values.Warn(YamlMark.None, $"the port {connect.Port} of 'postgresql.connect_address' is not used");
        var data = values.Needed("postgresql.data_dir", "PATRONI_POSTGRESQL_DATA_DIR");
        if (data.Length > 0 && !Path.IsPathRooted(data))
            values.Wrong(YamlMark.None, $"'postgresql.data_dir' must be an absolute path, not '{data}'");
        var superuser = Credentials("superuser", "PATRONI_SUPERUSER") ?? new Credentials("postgres", null);
        var parameters = DynamicSettingsJson.Parameters(values.Item("postgresql.parameters")?.ToJson());
        return new InstanceSettings
        {
            Name = name,
            Scope = scope,
            DataDirectory = data,
            BinDirectory = values.Text("postgresql.bin_dir", "PATRONI_POSTGRESQL_BIN_DIR")?.Text ?? Programs(),
            ListenAddresses = listen.Host,
            Port = listen.Port,
            ConnectHost = connect.Host,
            SocketDirectory = SocketDirectory(parameters),
            LogFile = values.Text("holdfast.log_file")?.Text ?? Path.Combine(StateDirectory(data), "postgres.log"),
            CgroupParent = values.Text("holdfast.cgroup_parent")?.Text,
            Superuser = superuser,
            Replication = Credentials("replication", "PATRONI_REPLICATION") ?? superuser,
            Rewind = Credentials("rewind", "PATRONI_REWIND") ?? superuser,
            Parameters = parameters,
            PgHba = DynamicSettingsJson.Lines(values.Item("postgresql.pg_hba")?.ToJson()),
            Roles = Map("holdfast.roles"),
            Databases = Map("holdfast.databases"),
        };
    }

    // As in Patroni a section without a mode means automatic; without a section nothing opens a device that could reset
    // the host.
    WatchdogSettings Watchdog()
    {
        if (values.Item("watchdog") is not YamlMap)
            return new WatchdogSettings();
        var missing = new WatchdogSettings { Mode = WatchdogMode.Automatic };
        return new WatchdogSettings
        {
            Mode = WatchdogSettings.ModeOf(values.Text("watchdog.mode")?.Text ?? "automatic") ?? missing.Mode,
            Device = values.Text("watchdog.device")?.Text ?? missing.Device,
            SafetyMargin = int.TryParse(values.Text("watchdog.safety_margin")?.Text, NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out var margin) ? margin : missing.SafetyMargin,
            Testing = values.Text("watchdog.driver") is { Text: "testing" },
        };
    }

    HostPort Address(string path, string variable)
    {
        if (values.Text(path, variable) is { } value)
            return values.HostPort(value, path) ?? default;
        values.Wrong(YamlMark.None, $"missing key '{path}', and no variable {variable}");
        return default;
    }

    // A wildcard is no address that others could reach.
    HostPort Connect(string path, string variable, HostPort listen)
    {
        if (values.Text(path, variable) is { } value)
            return values.HostPort(value, path) ?? listen;
        var first = listen.Host?.Split(',')[0] ?? "";
        if (first is "*" or "0.0.0.0" or "[::]" or "::")
            values.Wrong(YamlMark.None, $"missing key '{path}': others can't reach '{first}'");
        return new HostPort(first, listen.Port);
    }

    ImmutableArray<HostPort> Etcd()
    {
        const StringSplitOptions tidied = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var endpoints = EtcdTexts()
            .SelectMany(text => text.Text.Split(',', tidied).Select(part => text with { Text = part }))
            .Select(text => values.HostPort(text, "etcd3.hosts", EtcdPort))
            .OfType<HostPort>()
            .ToImmutableArray();
        if (endpoints.IsEmpty)
            values.Wrong(YamlMark.None, "missing key 'etcd3.hosts', and no variable PATRONI_ETCD3_HOSTS");
        return endpoints;
    }

    IEnumerable<FileText> EtcdTexts()
    {
        if ((values.Variable("PATRONI_ETCD3_HOSTS") ?? values.Variable("PATRONI_ETCD3_HOST")) is { Length: > 0 } given)
            return [new FileText(given, YamlMark.None)];
        return (values.Item("etcd3.hosts") ?? values.Item("etcd3.host")) switch
        {
            YamlList list => list.Items.OfType<YamlScalar>().Select(item => new FileText(item.Text, item.Mark)),
            YamlScalar scalar => [new FileText(scalar.Text, scalar.Mark)],
            _ => [],
        };
    }

    ImmutableSortedDictionary<NodeName, HostPort> Hosts()
    {
        var hosts = ImmutableSortedDictionary.CreateBuilder<NodeName, HostPort>();
        foreach (var entry in (values.Item("holdfast.hosts") as YamlMap)?.Entries ?? [])
        {
            var text = new FileText((entry.Value as YamlScalar)?.Text ?? "", entry.Value.Mark);
            if (values.HostPort(text, $"holdfast.hosts.{entry.Key}") is { } address)
                hosts[new NodeName(entry.Key)] = address;
        }
        return hosts.ToImmutable();
    }

    Credentials? Credentials(string role, string variables)
    {
        var path = $"postgresql.authentication.{role}";
        return values.Text($"{path}.username", $"{variables}_USERNAME") is { } user
            ? new Credentials(user.Text, values.Text($"{path}.password", $"{variables}_PASSWORD")?.Text)
            : null;
    }

    string SocketDirectory(ImmutableSortedDictionary<string, string> parameters) =>
        values.Text("holdfast.socket_directory")?.Text
        ?? parameters.GetValueOrDefault("unix_socket_directories")?.Split(',')[0].Trim()
        ?? DefaultSocketFolder;

    string StateDirectory(string dataDirectory) =>
        values.Text("holdfast.state_directory")?.Text ?? $"{dataDirectory.TrimEnd('/')}.holdfast";

    string Programs()
    {
        if (findPrograms() is { } folder)
            return folder;
        values.Wrong(
            YamlMark.None,
            "no PostgreSQL programs in PATH or /usr/lib/postgresql; install them, or set 'postgresql.bin_dir'");
        return "";
    }

    ImmutableSortedDictionary<string, string?> Map(string path) =>
        ((values.Item(path) as YamlMap)?.Entries ?? []).ToImmutableSortedDictionary(
            entry => entry.Key, entry => (entry.Value as YamlScalar)?.TextOrNull, StringComparer.Ordinal);
}
