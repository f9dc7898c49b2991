namespace Holdfast.Foundation.Processes;

/// <summary>
/// Orphans below this process become its children (prctl(2), PR_SET_CHILD_SUBREAPER); somebody has to wait for them, or
/// they stay zombies. The runtime waits only for what <see cref="System.Diagnostics.Process"/> started.
/// </summary>
public static class Subreaper
{
    const int SignalInfoBytes = 128;

    public static bool TryBecome() => Native.Prctl(Native.PrSetChildSubreaper, 1, 0, 0, 0) == 0;

    /// <summary>Waits for every dead child of ours that <paramref name="isOrphan"/> names. It must never name one that
    /// the runtime started: the runtime ends the whole process when somebody else has waited for its child.</summary>
    public static int Reap(Func<int, bool> isOrphan)
    {
        if (!HasDeadChild())
            return 0;
        var reaped = 0;
        foreach (var stat in ProcessStat.All())
        {
            if (stat.State == 'Z' && stat.Parent == Environment.ProcessId && isOrphan(stat.Pid))
                reaped += Native.WaitPid(stat.Pid, out _, Native.WaitNoHang) == stat.Pid ? 1 : 0;
        }
        return reaped;
    }

    /// <summary>One system call instead of a walk through /proc (waitid(2)): si_signo stays 0 when nobody
    /// waits.</summary>
    static unsafe bool HasDeadChild()
    {
        var info = stackalloc byte[SignalInfoBytes];
        *(int*)info = 0;
        const int Options = Native.WaitExited | Native.WaitKeep | Native.WaitNoHang;
        return Native.WaitId(Native.WaitAll, 0, info, Options) == 0 && *(int*)info != 0;
    }
}
