namespace Holdfast.Foundation.Processes;

/// <summary>For a thread whose lateness costs more than its time (setpriority(2)): on a busy machine it runs
/// first.</summary>
public static class UrgentThread
{
    const int Highest = -20;

    /// <summary>Raises the calling thread and no other; false where that is not permitted.</summary>
    public static bool TryRaise() => Native.SetPriority(0, 0, Highest) == 0;

    /// <summary>What to put before a command so that a child of the calling thread runs like any other program, however
    /// urgent this process is (nice(1)); empty where it is not.</summary>
    public static string[] OrdinaryChild =>
        Native.GetPriority(0, 0) is < 0 and var nice
            ? ["nice", "-n", (-nice).ToString(System.Globalization.CultureInfo.InvariantCulture)]
            : [];
}
