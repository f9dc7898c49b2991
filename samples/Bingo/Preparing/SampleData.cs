using Bingo.Data;

namespace Bingo.Preparing;

/// <summary>Made-up rows: each is a function of its id, a session also of how many it may choose from.</summary>
static class SampleData
{
    const ulong MovieSeed = 0xB1A601, CustomerSeed = 0xB1A602, SessionSeed = 0xB1A603;
    const int SecondsBetweenSessions = 30, YearFirst = 1930, Years = 94, MinutesLeast = 62, MinutesRange = 120;
    const int BirthdaysRange = 25_000; // days: about 68 years

    static readonly DateOnly s_firstBirthday = new(1940, 1, 1);
    static readonly DateTime s_firstSession = new(2023, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    static readonly string[] s_qualities =
    [
        "Amber", "Blind", "Borrowed", "Broken", "Crimson", "Distant", "Electric", "Empty", "Final", "Forgotten",
        "Frozen", "Gentle", "Golden", "Hidden", "Hollow", "Last", "Long", "Lost", "Midnight", "Paper", "Quiet",
        "Restless", "Scarlet", "Second", "Secret", "Seventh", "Silent", "Silver", "Stolen", "Velvet", "Wild", "Winter",
    ];

    static readonly string[] s_things =
    [
        "Anchor", "Bridge", "Carnival", "City", "Cook", "Detective", "Dream", "Empire", "Express", "Garden", "Harbour",
        "Hotel", "Island", "Journey", "Lantern", "Letter", "Lighthouse", "Mirror", "Mountain", "Neighbour", "Ocean",
        "Orchard", "Passenger", "Piano", "Promise", "River", "Shadow", "Station", "Summer", "Theatre", "Train",
        "Voyage",
    ];

    static readonly string[] s_names =
    [
        "Ada", "Alexey", "Anna", "Boris", "Clara", "Daniil", "Elena", "Farid", "Galina", "Hugo", "Igor", "Irina",
        "Jonas", "Katya", "Leo", "Maria", "Nadia", "Oleg", "Olga", "Pavel", "Petra", "Rosa", "Sergey", "Sofia",
        "Tamara", "Timur", "Ulla", "Vera", "Viktor", "Wanda", "Yuri", "Zoya",
    ];

    static readonly string[] s_roots =
    [
        "Belov", "Bondar", "Chernov", "Egorov", "Fomin", "Gromov", "Ivanov", "Kalinin", "Karpov", "Kozlov", "Kuzmin",
        "Lebedev", "Markov", "Melnik", "Morozov", "Nikitin", "Novikov", "Orlov", "Panov", "Popov", "Romanov", "Savin",
        "Semenov", "Sidorov", "Sokolov", "Titov", "Uvarov", "Vlasov", "Volkov", "Yashin", "Zaitsev", "Zimin",
    ];

    public static Movie Movie(int id)
    {
        var dice = new Dice(MovieSeed, id);
        var name = $"The {dice.Of(s_qualities)} {dice.Of(s_things)}";
        // One in four has a sequel's number, so that some names and years are shared and some are not.
        var part = dice.Below(8);
        return new Movie(
            id,
            part is 2 or 3 ? $"{name} {part}" : name,
            YearFirst + dice.Below(Years),
            MinutesLeast + dice.Below(MinutesRange));
    }

    public static Customer Customer(int id)
    {
        var dice = new Dice(CustomerSeed, id);
        var (name, surname) = (dice.Of(s_names), dice.Of(s_roots));
        var birthday = s_firstBirthday.AddDays(dice.Below(BirthdaysRange));
        return new Customer(
            id, name, surname, birthday, $"{name.ToLowerInvariant()}.{surname.ToLowerInvariant()}{id}@example.org");
    }

    /// <summary>Who, what and when, with ids of <paramref name="amounts"/>.</summary>
    public static (DateTime Start, int Customer, int Movie) Session(int id, Amounts amounts)
    {
        var dice = new Dice(SessionSeed, id);
        var second = (long)id * SecondsBetweenSessions + dice.Below(SecondsBetweenSessions);
        return (s_firstSession.AddSeconds(second), 1 + dice.Below(amounts.Customers), 1 + dice.Below(amounts.Movies));
    }
}
