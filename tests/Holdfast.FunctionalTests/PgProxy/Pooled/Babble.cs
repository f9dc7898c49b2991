namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Valid messages in no sensible order, with names that exist and names that don't. One seed, one
/// conversation.</summary>
sealed class Babble(int seed)
{
    static readonly string[] s_names = ["", "", "a", "b", "c"], s_portals = ["", "", "", "p", "q"];

    static readonly string[] s_texts =
    [
        "SELECT 1", "SELECT 2", "SELECT * FROM generate_series(1, 5)", "SELECT 1 / 0", "SELEKT", "", "BEGIN", "COMMIT",
        "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "SHOW DateStyle", "SET DateStyle = 'German'", "RESET DateStyle",
        "SET LOCAL application_name = 'here'", "SHOW application_name", "DEALLOCATE ALL",
        "SELECT 1; SELECT 2", "SELECT 3", "SELECT 4", "COPY (SELECT 1) TO STDOUT", "DO $$BEGIN RAISE NOTICE 'n'; END$$",
        "SELECT set_config('DateStyle', 'SQL', true)",
    ];

    readonly Random _random = new(seed);

    /// <summary>For people: what was said so far.</summary>
    public List<string> Said { get; } = [];

    public Step Next()
    {
        var messages = new List<byte[]>();
        var units = 0;
        for (var count = _random.Next(1, 8); count > 0; count--)
            messages.Add(Message(ref units));
        messages.Add(Say.Sync);
        Said.Add("Sync");
        return new Step(Say.All([.. messages]), 'Z', units + 1);
    }

    byte[] Message(ref int units)
    {
        var (name, portal, text) = (Of(s_names), Of(s_portals), Of(s_texts));
        switch (_random.Next(14))
        {
            case 0 or 1 or 2:
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
            case 12:
                units++;
                return Told("Sync", Say.Sync);
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
