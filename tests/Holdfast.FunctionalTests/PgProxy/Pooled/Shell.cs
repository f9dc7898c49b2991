using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Programs of PostgreSQL, as a shell runs them.</summary>
static class Shell
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The repository: the folder of the solution, above the test program.</summary>
    public static string Root { get; } = Find();

    public static string Url(int port, string database = "postgres") =>
        $"postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable";

    public static async Task<string> PgbenchAsync(int port, params string[] arguments)
    {
        var (exit, output) = await RunAsync(
            $"pgbench -h 127.0.0.1 -p {port} -U postgres {string.Join(' ', arguments)} postgres");
        exit.ShouldBe(0, output);
        return output;
    }

    /// <summary>Its exit code, and both outputs in one. All of a pipe must succeed. It ends with the test.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(string command)
    {
        var start = new ProcessStartInfo("bash", ["-o", "pipefail", "-c", $"{{ {command}; }} 2>&1"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment["PGPASSWORD"] = RealPostgres.Password;
        start.Environment["PGSSLMODE"] = "disable";
        using var shell = Process.Start(start)!;
        try
        {
            var output = await shell.StandardOutput.ReadToEndAsync(Stop);
            await shell.WaitForExitAsync(Stop);
            return (shell.ExitCode, output);
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
            throw;
        }
    }

    static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Holdfast.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"no Holdfast.slnx above {AppContext.BaseDirectory}");
    }
}
