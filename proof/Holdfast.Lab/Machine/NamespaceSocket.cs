using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Holdfast.Lab.Machine;

/// <summary>
/// Opens TCP sockets in another network namespace (setns(2)). A socket belongs to the namespace that it was opened in
/// for good, whichever thread uses it later.
/// </summary>
/// <remarks>The thread that enters the namespace ends with the call, and runs two system calls there and nothing of
/// .NET: a thread is born in its maker's namespace, and whoever opens a first Socket makes the threads that serve all of
/// them. Connections of pool threads that were born so would leave for the wrong network.</remarks>
static class NamespaceSocket
{
    /// <param name="path">The namespace: a file of /run/netns, or /proc/PID/ns/net.</param>
    /// <exception cref="LabException">There is no such namespace, or it may not be entered.</exception>
    public static Socket OpenTcp(string path)
    {
        var (opened, error) = (-1, 0);
        using (var handle = Open(path))
        {
            var target = (int)handle.DangerousGetHandle();
            var thread = new Thread(() =>
            {
                if (Native.SetNamespace(target, Native.CloneNewNet) == 0)
                    opened = Native.Socket(Native.Internet, Native.Stream | Native.CloseOnExec, 0);
                error = Marshal.GetLastPInvokeError();
            })
            { Name = $"in {path}" };
            thread.Start();
            thread.Join();
        }
        return opened >= 0 ? new Socket(new SafeSocketHandle(opened, ownsHandle: true))
            : throw new LabException($"in the network namespace {path}: {new Win32Exception(error).Message}");
    }

    static Microsoft.Win32.SafeHandles.SafeFileHandle Open(string path)
    {
        try
        {
            return File.OpenHandle(path);
        }
        catch (IOException none)
        {
            throw new LabException($"in the network namespace {path}: {none.Message}", none);
        }
    }
}
