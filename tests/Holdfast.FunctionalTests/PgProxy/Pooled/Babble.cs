namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Valid messages in no sensible order, with names that exist and names that don't, a unit at a time. One
/// seed, one conversation.</summary>
sealed class Babble(int seed)
{
    static readonly string[] s_names = ["", "", "a", "b", "c"], s_portals = ["", "", "", "p", "q"];

    static readonly string[] s_texts =
    [
        "SELECT 1", "SELECT 2", "SELECT * FROM generate_series(1, 5)", "SELECT 1 / 0", "SELEKT", "", "BEGIN", "COMMIT",
        "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "SHOW DateStyle", "SET DateStyle = 'German'", "RESET DateStyle",
        "SET LOCAL application_name = 'here'", "SHOW application_name",
        "SELECT 1; SELECT 2", "SELECT 3", "SELECT 4", "COPY (SELECT 1) TO STDOUT", "DO $$BEGIN RAISE NOTICE 'n'; END$$",
        "SELECT set_config('DateStyle', 'SQL', true)",
    ];

    readonly Random _random = new(seed);
    bool _isUnnamedThere;

    /// <summary>For people: what was said so far.</summary>
    public List<string> Said { get; } = [];

    public Step Next()
    {
        var messages = new List<byte[]>();
        for (var count = _random.Next(1, 8); count > 0; count--)
            messages.Add(Message());
        messages.Add(Say.Sync);
        _isUnnamedThere = false;
        Said.Add("Sync");
        return Step.Of([.. messages]);
    }

    byte[] Message()
    {
        var (name, portal, text) = (Of(s_names), Of(s_portals), Of(s_texts));
        // The unnamed one, which the proxy gives up when its unit fails, only where it was just sent.
        if (name.Length == 0 && !_isUnnamedThere)
            name = "a";
        switch (_random.Next(13))
        {
            case 0 or 1 or 2:
                name = Of(s_names);
                _isUnnamedThere |= name.Length == 0;
                // Of a name that is taken PostgreSQL tells after it has read the text, the proxy before.
                if (name.Length > 0 && text is "SELEKT" or "SELECT 1; SELECT 2")
                    text = "SELECT 5";
                return Told($"Parse {name}: {text}", Say.Parse(name, text));
            case 3 or 4 or 5:
                return Told($"Bind {portal} to {name}", Say.BindTo(portal, name));
            case 6 or 7 or 8:
                var rows = _random.Next(3);
                return Told($"Execute {portal}, {rows} rows", Say.Execute(portal, rows));
            case 9:
                return Told($"Describe {name}", Say.Describe(name));
            case 10:
                return Told($"Describe portal {portal}", Say.DescribePortal(portal));
            case 11:
                return Told($"Close {name}", Say.Close(name));
            default:
                return Told($"Close portal {portal}", Say.ClosePortal(portal));
        }
    }

    byte[] Told(string what, byte[] message)
    {
        Said.Add(what);
        return message;
    }

    string Of(string[] all) => all[_random.Next(all.Length)];
}
