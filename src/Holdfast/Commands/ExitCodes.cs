namespace Holdfast.Commands;

/// <summary>What every command returns; told in <c>holdfast --help</c>.</summary>
static class ExitCodes
{
    public const int Done = 0;

    /// <summary>It was tried, and failed or was refused.</summary>
    public const int Failed = 1;

    /// <summary>Wrong words on the command line, or a bad cluster file: nothing was tried.</summary>
    public const int BadUsage = 2;
}
