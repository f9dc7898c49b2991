namespace Bingo.Commands;

/// <summary>What the command line asks for.</summary>
abstract record Invocation
{
    public sealed record RunServer(string ConfigFile) : Invocation;

    /// <param name="ConfigFile">Where the database is, and how much of everything.</param>
    /// <param name="Scale">Factor to the numbers of the configuration, 0.001 to 10.</param>
    /// <param name="Wait">For a database that is not there yet.</param>
    public sealed record PrepareDb(string ConfigFile, decimal Scale, TimeSpan Wait) : Invocation;

    public sealed record PrintDefaultConfig : Invocation;

    public sealed record PrintCurrentConfig(string ConfigFile) : Invocation;

    public sealed record Version : Invocation;

    public sealed record Help : Invocation;

    /// <param name="Problem">A sentence without its end.</param>
    public sealed record Wrong(string Problem) : Invocation;
}
