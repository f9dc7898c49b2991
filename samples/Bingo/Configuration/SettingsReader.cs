using System.Collections.Immutable;
using System.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bingo.Configuration;

/// <param name="Settings">Null when there is a problem.</param>
/// <param name="Problems">All of them, each with its place.</param>
sealed record SettingsReading(BingoSettings? Settings, ImmutableArray<string> Problems);

/// <summary>Text of a configuration to settings. Strict: what it does not know is a mistake.</summary>
static class SettingsReader
{
    const int CountMax = 100_000_000, PoolMax = 1000, NameCharactersMax = 128;

    public static SettingsReading Read(string file, string text)
    {
        var problems = new SettingsProblems(file);
        try
        {
            using var input = new StringReader(text);
            var stream = new YamlStream();
            stream.Load(input);
            var settings = Settings(stream, problems);
            return new SettingsReading(problems.All.IsEmpty ? settings : null, problems.All);
        }
        catch (YamlException broken)
        {
            var why = (broken.InnerException ?? broken).Message.TrimEnd('.').ReplaceLineEndings(" ");
            problems.Add(broken.Start, $"not valid YAML: {why}");
            return new SettingsReading(null, problems.All);
        }
    }

    static BingoSettings Settings(YamlStream stream, SettingsProblems problems)
    {
        var node = stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        var root = new SettingsSection(problems, "", node, default);
        var settings = new BingoSettings
        {
            Listen = Listen(root.Child("listen")),
            Postgres = Postgres(root.Child("postgres")),
            Log = root.Text("log", "/var/log/bingo/bingo.log"),
            Instance = root.Optional("instance", IsName, "must be letters, digits, '.', '_' and '-', 128 at most"),
            Faults = root.Truth("faults"),
            Prepare = Prepare(root.Child("prepare")),
        };
        root.End();
        return settings;
    }

    static ListenSettings Listen(SettingsSection section)
    {
        var listen = new ListenSettings(
            section.Optional("host", IsHost, "must be an IP address, 'localhost' or '*'") ?? "0.0.0.0",
            section.Number("port", 0, ushort.MaxValue, 13526));
        section.End();
        return listen;
    }

    static PostgresSettings Postgres(SettingsSection section)
    {
        var settings = new PostgresSettings
        {
            Primary = section.Address("primary", required: true) ?? new ServerAddress("", 0),
            Replica = section.Address("replica", required: false),
            Database = section.Required("database"),
            User = section.Required("user"),
            Password = section.Secret("password", "password_file"),
            Pool = section.Number("pool", 1, PoolMax, 20),
        };
        section.End();
        return settings;
    }

    static PrepareSettings Prepare(SettingsSection section)
    {
        var settings = new PrepareSettings(
            section.Number("movies", 1, CountMax, 10_000),
            section.Number("customers", 1, CountMax, 50_000),
            section.Number("sessions", 1, CountMax, 1_000_000));
        section.End();
        return settings;
    }

    static bool IsHost(string text) => text is "*" or "localhost" || IPAddress.TryParse(text, out _);

    // It goes into a header of every answer.
    static bool IsName(string text) => text.Length is > 0 and <= NameCharactersMax
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
