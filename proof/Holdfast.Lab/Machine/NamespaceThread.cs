using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Holdfast.Lab.Machine;

/// <summary>
/// Runs a function on a thread of its own that has entered another network namespace (setns(2)). A socket made there
/// belongs to that namespace for good, whichever thread uses it later. The thread ends with the function, so that no
/// pool thread ever stays in a foreign namespace.
/// </summary>
static class NamespaceThread
{
    /// <param name="path">The namespace: a file of /run/netns, or /proc/PID/ns/net.</param>
    /// <param name="work">Must not wait for the thread pool.</param>
    public static T Run<T>(string path, Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(path);
                result = work();
            }
            catch (Exception caught)
            {
                failure = caught;
            }
        })
        { Name = $"in {path}" };
        thread.Start();
        thread.Join();
        return failure is null
            ? result!
            : throw new LabException($"in the network namespace {path}: {failure.Message}", failure);
    }

    static void Enter(string path)
    {
        using var handle = File.OpenHandle(path);
        if (Native.SetNamespace((int)handle.DangerousGetHandle(), Native.CloneNewNet) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }
}
