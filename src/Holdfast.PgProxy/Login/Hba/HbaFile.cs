using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Foundation.Yaml;

namespace Holdfast.PgProxy.Login.Hba;

/// <summary>
/// Reads a file in pg_hba.conf's format (PostgreSQL manual, The pg_hba.conf File). All its problems are told at once,
/// each with its line; a file with one problem gives no rules at all.
/// </summary>
public sealed class HbaFile
{
    public const int RulesMax = 10_000;

    static readonly string[] s_connections =
        ["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"];
    static readonly string[] s_includes = ["include", "include_if_exists", "include_dir"];
    static readonly string[] s_methods = ["trust", "reject", "password", "md5", "scram-sha-256", "cert"];
    static readonly string[] s_methodsElsewhere =
        ["gss", "sspi", "ident", "peer", "pam", "ldap", "radius", "bsd", "krb5", "crypt", "oauth"];

    readonly string _name;
    readonly ImmutableArray<(IPAddress Address, int Bits)> _own;
    readonly ImmutableArray<HbaRule>.Builder _rules = ImmutableArray.CreateBuilder<HbaRule>();
    readonly List<string> _problems = [];
    readonly ImmutableArray<string>.Builder _notes = ImmutableArray.CreateBuilder<string>();
    int _line;

    HbaFile(string name, ImmutableArray<(IPAddress Address, int Bits)> own) => (_name, _own) = (name, own);

    /// <param name="name">Of the file, for messages.</param>
    /// <param name="text">What is in it.</param>
    /// <param name="own">The host's own addresses with their networks: what samehost and samenet mean.</param>
    /// <returns>Rules, or problems.</returns>
    public static (HbaRules? Rules, IReadOnlyList<string> Problems) Read(
        string name, string text, ImmutableArray<(IPAddress Address, int Bits)> own)
    {
        var file = new HbaFile(name, own);
        file.ReadLines(text.Split('\n'));
        return file._problems.Count > 0
            ? (null, file._problems)
            : (new HbaRules(file._rules.ToImmutable(), file._notes.ToImmutable()), []);
    }

    // A backslash at the end goes on with the next line.
    void ReadLines(string[] lines)
    {
        for (var next = 0; next < lines.Length;)
        {
            _line = next + 1;
            var line = lines[next++].TrimEnd('\r');
            while (line.EndsWith('\\') && next < lines.Length)
                line = line[..^1] + lines[next++].TrimEnd('\r');
            if (HbaLine.Split(line) is not { } fields)
                Report("a quotation mark is not closed");
            else if (fields.Count > 0)
                ReadFields(fields);
        }
        if (_rules.Count > RulesMax)
            Report($"{_rules.Count} rules; at most {RulesMax} are looked through for each client");
    }

    void ReadFields(List<ImmutableArray<HbaWord>> fields)
    {
        var kind = fields[0][0].Text;
        if (s_includes.Contains(kind, StringComparer.Ordinal))
        {
            Report($"'{kind}' is not followed: write the rules into this file");
            return;
        }
        if (fields[0].Length > 1 || !s_connections.Contains(kind, StringComparer.Ordinal))
        {
            Report($"unknown connection type '{kind}'; expected one of {string.Join(", ", s_connections)}"
                + Nearest.Hint(kind, s_connections));
            return;
        }
        if (kind is "local" or "hostgssenc")
        {
            _notes.Add($"{_name}:{_line}: '{kind}' is about connections that the proxy never has: ignored");
            return;
        }
        if (fields.Count < 5)
        {
            Report($"{fields.Count} fields; expected {kind} DATABASE USER ADDRESS METHOD");
            return;
        }
        Names(fields[1], "database", "samerole", "samegroup");
        Names(fields[2], "user");
        var at = 3;
        var ranges = Addresses(fields, ref at);
        if (at < fields.Count)
            Rule(kind, fields, ranges, at);
        else
            Report("no method behind the address");
    }

    void Rule(string kind, List<ImmutableArray<HbaWord>> fields, ImmutableArray<HbaRange> ranges, int at)
    {
        var connection = kind switch
        {
            "hostssl" => HbaConnection.Encrypted,
            "hostnossl" => HbaConnection.InClear,
            _ => HbaConnection.Any,
        };
        var method = Method(fields[at][0].Text);
        var certificate = method == HbaMethod.Cert ? HbaCertificate.VerifyFull : HbaCertificate.NotAsked;
        foreach (var option in fields.Skip(at + 1).SelectMany(field => field))
            certificate = Option(option.Text, method, certificate);
        if (certificate != HbaCertificate.NotAsked && connection != HbaConnection.Encrypted)
            Report($"a client's certificate can be asked for on hostssl lines alone, not on {kind}");
        _rules.Add(new HbaRule(_line, connection, fields[1], fields[2], ranges, method, certificate));
    }

    void Names(ImmutableArray<HbaWord> names, string what, params string[] refused)
    {
        foreach (var name in names.Where(name => !name.IsQuoted))
        {
            if (refused.Contains(name.Text, StringComparer.Ordinal) || name.Text.StartsWith('+'))
                Report($"{what} '{name.Text}': the proxy does not know who is a member of which role; write the names");
            else if (name.Text.StartsWith('@'))
                Report($"{what} '{name.Text}': lists in other files are not read; write the names");
            else if (name.Text.StartsWith('/'))
                Report($"{what} '{name.Text}': regular expressions are not supported; write the names");
        }
    }

    // ---- addresses ----

    ImmutableArray<HbaRange> Addresses(List<ImmutableArray<HbaWord>> fields, ref int at)
    {
        var word = fields[at++][0];
        if (word.IsKeyword("all"))
            return [HbaRange.All];
        if (word.IsKeyword("samehost"))
            return [.. _own.Select(own => HbaRange.Of(own.Address, 8 * own.Address.GetAddressBytes().Length))];
        if (word.IsKeyword("samenet"))
            return [.. _own.Select(own => HbaRange.Of(own.Address, own.Bits))];
        var slash = word.Text.IndexOf('/', StringComparison.Ordinal);
        var text = slash < 0 ? word.Text : word.Text[..slash];
        if (!IsLiteral(text) || !IPAddress.TryParse(text, out var address))
        {
            Report($"'{word.Text}' is no address; expected one such as 10.0.0.0/8, or all, samehost, samenet: "
                + $"names are not looked up{Nearest.Hint(word.Text, ["all", "samehost", "samenet"])}");
            return [];
        }
        var bits = slash >= 0 ? Bits(word.Text[(slash + 1)..], address) : Mask(fields, ref at, address);
        return bits is { } known ? [HbaRange.Of(address, known)] : [];
    }

    // IPAddress would take "1" for 0.0.0.1.
    static bool IsLiteral(string text) =>
        text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3;

    int? Bits(string text, IPAddress address)
    {
        var most = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= most)
            return bits;
        Report($"'/{text}' behind {address}: expected a number between 0 and {most}");
        return null;
    }

    int? Mask(List<ImmutableArray<HbaWord>> fields, ref int at, IPAddress address)
    {
        var text = at < fields.Count ? fields[at][0].Text : "";
        if (!IsLiteral(text) || !IPAddress.TryParse(text, out var mask)
            || mask.AddressFamily != address.AddressFamily)
        {
            Report($"{address} needs its network's length, such as {address}/32, or a mask behind it");
            return null;
        }
        at++;
        var bits = string.Concat(
            mask.GetAddressBytes().Select(one => one.ToString("b8", CultureInfo.InvariantCulture)));
        if (bits.TrimEnd('0').Contains('0', StringComparison.Ordinal))
            Report($"'{text}' is no network's mask: its ones must come first");
        return bits.Count(bit => bit == '1');
    }

    // ---- methods ----

    HbaMethod Method(string word)
    {
        var index = Array.IndexOf(s_methods, word);
        if (index >= 0)
            return (HbaMethod)index;
        Report(s_methodsElsewhere.Contains(word, StringComparer.Ordinal)
            ? $"the method '{word}' is not one of the proxy's; expected one of {string.Join(", ", s_methods)}"
            : $"unknown method '{word}'; expected one of {string.Join(", ", s_methods)}"
                + Nearest.Hint(word, s_methods));
        return HbaMethod.Reject;
    }

    HbaCertificate Option(string text, HbaMethod method, HbaCertificate certificate)
    {
        switch (text)
        {
            case "clientcert=verify-full":
                return HbaCertificate.VerifyFull;
            case "clientcert=verify-ca" when method == HbaMethod.Cert:
                Report("cert looks at the name in the certificate: it can't have clientcert=verify-ca");
                return certificate;
            case "clientcert=verify-ca":
                return HbaCertificate.VerifyCa;
            case "clientname=CN":
                return certificate;
        }
        var name = text.Split('=')[0];
        Report(name switch
        {
            "map" => "'map' is not supported: the name in the certificate must be the user's",
            "clientcert" => $"'{text}'; expected clientcert=verify-ca or clientcert=verify-full",
            "clientname" => $"'{text}'; expected clientname=CN",
            _ => $"unknown option '{text}'; expected clientcert{Nearest.Hint(name, ["clientcert", "clientname"])}",
        });
        return certificate;
    }

    void Report(string problem) => _problems.Add($"{_name}:{_line}: {problem}");
}
