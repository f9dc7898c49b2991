using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Holdfast.Lab.Machine;

/// <summary>
/// Opens TCP sockets in another network namespace (setns(2)). A socket belongs to the namespace that it was opened in
/// for good, whichever thread uses it later.
/// </summary>
/// <remarks>The thread that enters the namespace ends with the call, and makes system calls there and nothing of
/// .NET: a thread is born in its maker's namespace, and whoever opens a first Socket makes the threads that serve all
/// of them. Connections of pool threads that were born so would leave for the wrong network.</remarks>
static class NamespaceSocket
{
    /// <inheritdoc cref="OpenTcp(string, int)"/>
    public static Socket OpenTcp(string path) => OpenTcp(path, 1)[0];

    /// <param name="path">The namespace: a file of /run/netns, or /proc/PID/ns/net.</param>
    /// <param name="count">How many: each visit costs a thread.</param>
    /// <exception cref="LabException">There is no such namespace, or it may not be entered.</exception>
    public static Socket[] OpenTcp(string path, int count)
    {
        var (opened, error) = (new int[count], 0);
        using (var handle = Open(path))
        {
            var target = (int)handle.DangerousGetHandle();
            var thread = new Thread(() => error = Fill(target, opened)) { Name = $"in {path}" };
            thread.Start();
            thread.Join();
        }
        var sockets = opened.TakeWhile(socket => socket > 0)
            .Select(socket => new Socket(new SafeSocketHandle(socket, ownsHandle: true))).ToArray();
        if (error == 0)
            return sockets;
        foreach (var socket in sockets)
            socket.Dispose();
        throw new LabException($"in the network namespace {path}: {new Win32Exception(error).Message}");
    }

    // The error, or none.
    static int Fill(int target, int[] opened)
    {
        if (Native.SetNamespace(target, Native.CloneNewNet) != 0)
            return Marshal.GetLastPInvokeError();
        for (var i = 0; i < opened.Length; i++)
        {
            var socket = Native.Socket(Native.Internet, Native.Stream | Native.CloseOnExec, 0);
            if (socket < 0)
                return Marshal.GetLastPInvokeError();
            opened[i] = socket;
        }
        return 0;
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
