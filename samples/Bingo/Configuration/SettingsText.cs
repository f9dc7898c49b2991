using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bingo.Configuration;

/// <summary>Configurations as text.</summary>
static class SettingsText
{
    /// <summary>Every key with its default; those of 'postgres' that have none are examples.</summary>
    public const string Default = """
        # Where HTTP is served: an IP address, 'localhost' or '*'; port 0 takes a free one.
        listen:
          host: 0.0.0.0
          port: 13526
        postgres:
          primary: 127.0.0.1:5432
          # Where one reads first; left out, everything goes to the primary.
          # replica: 127.0.0.1:5433
          database: bingo
          user: bingo
          # Or 'password_file', whose first line it is; left out, there is none.
          password: bingo
          # Connections to each of the two, at most.
          pool: 20
        # Must be writable for the user that runs bingo; lines of JSON are appended to it.
        log: /var/log/bingo/bingo.log
        # The header x-server-instance; left out: SELF_HOST_NAME of the environment, else the host's name.
        # instance: bingo-1
        # POST /fault, for tests: dies, hangs or answers 500 on demand.
        faults: false
        # What prepare_db makes.
        prepare:
          movies: 10000
          customers: 50000
          sessions: 1000000

        """;

    /// <summary>What is in force, as a configuration; the password is not shown.</summary>
    public static string Of(BingoSettings settings, string file)
    {
        var postgres = Map(("primary", settings.Postgres.Primary.ToString()));
        if (settings.Postgres.Replica is { } replica)
            postgres.Add("replica", replica.ToString());
        postgres.Add("database", settings.Postgres.Database);
        postgres.Add("user", settings.Postgres.User);
        if (settings.Postgres.Password is not null)
            postgres.Add("password", new YamlScalarNode("***") { Style = ScalarStyle.SingleQuoted });
        postgres.Add("pool", $"{settings.Postgres.Pool}");
        var root = Map();
        root.Add("listen", Map(("host", settings.Listen.Host), ("port", $"{settings.Listen.Port}")));
        root.Add("postgres", postgres);
        root.Add("log", settings.Log);
        root.Add("instance", settings.InstanceName);
        root.Add("faults", settings.Faults ? "true" : "false");
        root.Add("prepare", Map(
            ("movies", $"{settings.Prepare.Movies}"),
            ("customers", $"{settings.Prepare.Customers}"),
            ("sessions", $"{settings.Prepare.Sessions}")));
        using var text = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(root)).Save(text, assignAnchors: false);
        return $"# from {file}\n{text.ToString().Replace("\n...\n", "\n", StringComparison.Ordinal)}";
    }

    static YamlMappingNode Map(params (string Key, string Value)[] entries)
    {
        var map = new YamlMappingNode();
        foreach (var (key, value) in entries)
            map.Add(key, value);
        return map;
    }
}
