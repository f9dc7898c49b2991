using System.Diagnostics;
using System.Globalization;
using Holdfast.Foundation.Processes;

namespace Holdfast.Doubles.Store;

/// <summary>
/// One real etcd member on loopback. It ends when it is disposed of, and also when the process that runs the tests is
/// killed: the shell that started it waits on a pipe whose other end only this process holds.
/// </summary>
public sealed class EtcdProcess : IAsyncDisposable
{
    // The member's pid goes to standard output; "read" returns with a word of ours, or without one when
    // the pipe closes because we died: then nobody else would remove the folder.
    const string Script = """
        folder=$1 log=$2; shift 2
        etcd "$@" >>"$log" 2>&1 </dev/null &
        echo $!
        read -r word
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        [ "$word" = keep ] || rm -rf "$folder"
        """;

    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(10);

    readonly string _folder;
    readonly string[] _arguments;
    Process? _shell;
    ProcessIdentity? _member;

    internal EtcdProcess(string folder, string name, int clientPort, int peerPort, string[] more)
    {
        (_folder, Name, ClientPort, PeerPort) = (folder, name, clientPort, peerPort);
        _arguments =
        [
            "--name", name,
            "--data-dir", Path.Combine(folder, name),
            "--listen-client-urls", Url(clientPort), "--advertise-client-urls", Url(clientPort),
            "--listen-peer-urls", Url(peerPort), "--initial-advertise-peer-urls", Url(peerPort),
            .. more,
        ];
    }

    public string Name { get; }
    public int ClientPort { get; }

    /// <summary>host:port for clients.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ClientPort}");
    public string PeerUrl => Url(PeerPort);
    public string Log => Path.Combine(_folder, Name + ".log");
    public bool IsRunning => _member is { IsAlive: true };

    int PeerPort { get; }

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
            ArgumentList = { "-c", Script, "etcd", _folder, Log },
        };
        foreach (var argument in _arguments)
            start.ArgumentList.Add(argument);
        _shell = Process.Start(start)!;
        var pid = await _shell.StandardOutput.ReadLineAsync().WaitAsync(s_startLimit);
        _member = ProcessIdentity.Of(int.Parse(pid!, CultureInfo.InvariantCulture));
    }

    /// <summary>SIGSTOP: connections are taken, nothing is answered. Returns when every thread stands still: the signal
    /// reaches them only after the first of them was scheduled, which takes its time on a busy machine.</summary>
    public void Freeze()
    {
        Send(Signal.Stop);
        if (!SpinWait.SpinUntil(IsFrozen, s_startLimit))
            throw new InvalidOperationException($"{Name} did not stop within {s_startLimit.TotalSeconds} s");
    }

    public void Thaw() => Send(Signal.Continue);

    /// <summary>SIGKILL, and waits until it is gone. Its data stays: <see cref="StartAsync"/> goes on
    /// with it.</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        if (_shell is null)
            return;
        await _shell.StandardInput.WriteLineAsync("keep");
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync().WaitAsync(s_startLimit);
        _shell.Dispose();
        _shell = null;
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    bool IsFrozen() =>
        _member is { } member
        && Directory.EnumerateDirectories($"/proc/{member.Pid}/task")
            .Select(thread => int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture))
            .All(thread => ProcessStat.Read(thread)?.State == 'T');

    void Send(Signal signal) => _ = _member?.TrySignal(signal);

    static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
}
