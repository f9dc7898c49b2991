using System.Text.Json.Nodes;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Agent.Configuration;

/// <summary>Where the agent of one host keeps its things; absolute paths.</summary>
public sealed record AgentPaths
{
    public required string DataDirectory { get; init; }
    public required string StateDirectory { get; init; }
    public required string SocketDirectory { get; init; }
    public required string FenceSocket { get; init; }

    /// <summary>PostgreSQL's own output.</summary>
    public required string LogFile { get; init; }
    public string? CgroupParent { get; init; }
}

/// <summary>
/// The file of one host's agent from the one file: Patroni's keys, and <c>holdfast</c> for what only we have. It
/// holds passwords: write it with mode 0600.
/// </summary>
public static class AgentFileWriter
{
    const string Superuser = "postgres", Replicator = "replicator", Rewinder = "rewind_user";

    public static string Write(ClusterFile file, NodeName host, AgentPaths paths, ResolvedSecrets secrets)
    {
        var postgres = file.Postgres;
        var address = file.AddressOf(host);
        var json = new JsonObject
        {
            ["scope"] = file.Cluster,
            ["name"] = host.Value,
            ["restapi"] = new JsonObject
            {
                ["listen"] = $"{address}:{postgres.Rest}",
                ["connect_address"] = $"{address}:{postgres.Rest}",
            },
            ["etcd3"] = new JsonObject { ["hosts"] = Endpoints(file, host) },
            ["bootstrap"] = new JsonObject { ["dcs"] = JsonNode.Parse(postgres.Dcs.Json) },
            ["postgresql"] = Postgres(postgres, address, paths, secrets),
            ["holdfast"] = Own(file, paths, secrets),
        };
        if (postgres.Watchdog is { Mode: not WatchdogMode.Off } watchdog)
        {
            json["watchdog"] = new JsonObject
            {
                ["mode"] = watchdog.Mode == WatchdogMode.Required ? "required" : "automatic",
                ["device"] = watchdog.Device,
                ["safety_margin"] = watchdog.SafetyMargin,
            };
        }
        return YamlText.Of(json);
    }

    // The member on the own host first: it answers soonest. The others follow in the file's order after it, so that
    // the agents' second choices differ.
    static JsonArray Endpoints(ClusterFile file, NodeName host)
    {
        var members = file.Etcd.On;
        var own = Math.Max(0, members.IndexOf(host));
        var managed = members.Skip(own).Concat(members.Take(own))
            .Select(member => $"{file.AddressOf(member)}:{file.Etcd.ClientPort}");
        return new JsonArray([.. managed.Concat(file.Etcd.Endpoints).Select(endpoint => JsonValue.Create(endpoint))]);
    }

    static JsonObject Postgres(PostgresSettings postgres, string address, AgentPaths paths, ResolvedSecrets secrets)
    {
        var addresses = address.StartsWith("127.", StringComparison.Ordinal) ? address : $"{address},127.0.0.1";
        var json = new JsonObject
        {
            ["listen"] = $"{addresses}:{postgres.Listen}",
            ["connect_address"] = $"{address}:{postgres.Listen}",
            ["data_dir"] = paths.DataDirectory,
            ["authentication"] = new JsonObject
            {
                ["superuser"] = Credentials(Superuser, secrets),
                ["replication"] = Credentials(Replicator, secrets),
                ["rewind"] = Credentials(Rewinder, secrets),
            },
        };
        if (postgres.BinDir is { } folder)
            json["bin_dir"] = folder;
        return json;
    }

    // Who has no role of its own in the file acts as the superuser.
    static JsonObject Credentials(string user, ResolvedSecrets secrets)
    {
        var role = secrets.Passwords.ContainsKey(user) ? user : Superuser;
        var json = new JsonObject { ["username"] = role };
        if (secrets.Passwords.GetValueOrDefault(role) is { } password)
            json["password"] = password;
        return json;
    }

    static JsonObject Own(ClusterFile file, AgentPaths paths, ResolvedSecrets secrets)
    {
        var json = new JsonObject
        {
            ["fence_socket"] = paths.FenceSocket,
            ["state_directory"] = paths.StateDirectory,
            ["socket_directory"] = paths.SocketDirectory,
            ["log_file"] = paths.LogFile,
        };
        if (paths.CgroupParent is { } group)
            json["cgroup_parent"] = group;
        var port = file.Postgres.Rest;
        json["hosts"] = Map(file.Postgres.On, host => host.Value, host => $"{file.AddressOf(host)}:{port}");
        var roles = secrets.Passwords.Where(role => role.Key is not (Superuser or Replicator or Rewinder));
        json["roles"] = Map(roles, role => role.Key, role => role.Value);
        json["databases"] = Map(file.Postgres.Databases, database => database.Key, database => database.Value);
        return json;
    }

    static JsonObject Map<T>(IEnumerable<T> items, Func<T, string> key, Func<T, string?> value)
    {
        var json = new JsonObject();
        foreach (var item in items)
            json[key(item)] = value(item);
        return json;
    }
}
