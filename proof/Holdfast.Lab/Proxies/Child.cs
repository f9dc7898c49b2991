using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Proxies;

/// <summary>A server of the measurement: ends with it. In a session of its own, as a daemon is: those of one session
/// share its part of the processors (sched(7), autogroup), and it would be the load generator's.</summary>
sealed class Child : IAsyncDisposable
{
    static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15), StartLimit = TimeSpan.FromSeconds(30);

    // The shell becomes the program: its pid is the program's.
    const string Become = """out=$1 && shift && exec "$@" >"$out" 2>&1 </dev/null""";

    readonly Process _process;
    readonly string _output;
    readonly Signal _end;

    Child(Process process, string output, Signal end) => (_process, _output, _end) = (process, output, end);

    public int Pid => _process.Id;

    /// <param name="output">What it prints goes there.</param>
    /// <param name="end">What it is ended with.</param>
    /// <param name="environment">All that it gets.</param>
    /// <param name="command">Program and arguments.</param>
    public static Child Start(
        string output, Signal end, IReadOnlyDictionary<string, string> environment, IEnumerable<string> command)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("setsid", ["sh", "-c", Become, "sh", output, .. command]),
        };
        process.StartInfo.WorkingDirectory = "/";
        process.StartInfo.Environment.Clear();
        foreach (var (name, value) in environment)
            process.StartInfo.Environment[name] = value;
        process.Start();
        return new Child(process, output, end);
    }

    /// <summary>Until somebody answers on the port of this machine.</summary>
    /// <exception cref="LabException">It ended, or nobody does in time.</exception>
    public async Task ListensAsync(int port, CancellationToken stop)
    {
        var came = await Wait.ForAsync(async () =>
        {
            if (_process.HasExited)
                throw new LabException($"it ended ({_process.ExitCode}): {Tail()}");
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port, stop);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, StartLimit, stop);
        if (!came)
            throw new LabException(string.Create(
                CultureInfo.InvariantCulture, $"nobody answers on port {port}: {Tail()}"));
    }

    string Tail() => File.Exists(_output) ? string.Join('\n', File.ReadLines(_output).TakeLast(5)) : _output;

    /// <summary>Ends it now.</summary>
    public async Task EndAsync(Signal how)
    {
        if (ProcessIdentity.Of(_process.Id) is { } running && !_process.HasExited)
        {
            _ = running.TrySignal(how);
            using var limit = new CancellationTokenSource(EndLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_end);
        _process.Dispose();
    }
}
