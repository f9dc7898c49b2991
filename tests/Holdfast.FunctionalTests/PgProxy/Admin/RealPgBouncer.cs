using System.Diagnostics;
using Holdfast.Doubles.Postgres;
using Holdfast.Doubles;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>PgBouncer of the distribution, whose console lets everybody in.</summary>
public sealed class RealPgBouncer : IAsyncLifetime
{
    readonly string _folder = Directory.CreateTempSubdirectory("hfb").FullName;
    Process? _process;

    public int Port { get; } = FreePorts.Take();

    public async ValueTask InitializeAsync()
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        var file = Path.Combine(_folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(file, $"""
            [databases]
            app = host=127.0.0.1 port=1
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port}
            unix_socket_dir =
            auth_type = any
            """);
        var start = new ProcessStartInfo("pgbouncer", ["-q", file]) { UseShellExecute = false, WorkingDirectory = "/" };
        if (Environment.IsPrivilegedProcess)
            start.UserName = "postgres"; // It does not run as root.
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        _process = Process.Start(start)!;
        await Eventually.IsAsync("PgBouncer answers", () =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            try
            {
                client.Connect("127.0.0.1", Port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }
}
