namespace Holdfast.Foundation.Processes;

/// <summary>Watches the end of processes that need not be our children (pidfd_open(2)), on one thread of its own
/// each.</summary>
public static class Pidfd
{
    const int StackBytes = 64 * 1024;

    /// <summary>Calls <paramref name="ended"/> once, from a thread of its own, when the process ends; at once when it
    /// has ended already. The thread lives no longer than the process.</summary>
    public static void WhenEnded(ProcessIdentity process, Action ended)
    {
        var descriptor = (int)Native.SystemCall(Native.PidfdOpen, process.Pid, 0);
        // The pid may have been reused before the descriptor was taken: then this process has ended.
        if (descriptor < 0 || !process.IsAlive)
        {
            if (descriptor >= 0)
                _ = Native.Close(descriptor);
            ended();
            return;
        }
        var thread = new Thread(() => Wait(descriptor, ended), StackBytes) { IsBackground = true };
        thread.Name = $"wait {process.Pid}";
        thread.Start();
    }

    static unsafe void Wait(int descriptor, Action ended)
    {
        var poll = new Native.PollDescriptor { Descriptor = descriptor, Events = Native.PollIn };
        while (Native.Poll(&poll, 1, -1) < 1)
        {
            // Interrupted by a signal: wait again.
        }
        _ = Native.Close(descriptor);
        ended();
    }
}
