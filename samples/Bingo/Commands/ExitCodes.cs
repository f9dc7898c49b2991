namespace Bingo.Commands;

/// <summary>What every command returns; told in <c>bingo help</c>.</summary>
static class ExitCodes
{
    public const int Done = 0;

    /// <summary>It was tried, and failed: the address is taken, or the database did not come.</summary>
    public const int Failed = 1;

    public const int BadUsage = 2;

    /// <summary>Started as root.</summary>
    public const int Root = 3;

    /// <summary>No configuration, or a bad one.</summary>
    public const int Configuration = 4;

    /// <summary>The log file can't be written.</summary>
    public const int LogFile = 5;
}
