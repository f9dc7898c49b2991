namespace Holdfast.Foundation.Processes;

/// <summary>For a thread whose lateness costs more than its time (setpriority(2)): on a busy machine it runs
/// first.</summary>
public static class UrgentThread
{
    const int Highest = -20;

    /// <summary>Raises the calling thread and no other; false where that is not permitted.</summary>
    public static bool TryRaise() => Native.SetPriority(0, 0, Highest) == 0;
}
