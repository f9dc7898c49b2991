using System.Diagnostics;
using Holdfast.Lab.Machine;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>The built <c>lab</c> program, run from outside.</summary>
static class LabProgram
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    static string File => Path.Combine(AppContext.BaseDirectory, "lab");

    public static async Task<ToolResult> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return new ToolResult(process.ExitCode, await output, await error);
    }

    /// <summary>The caller reads its output, and sees to its end.</summary>
    /// <remarks>As from a terminal: tests that a shell started in the background ignore SIGINT, and so would all that
    /// they start.</remarks>
    public static Process Start(params string[] arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("env", ["--default-signal=INT", File, .. arguments]),
        };
        process.StartInfo.UseShellExecute = false;
        process.StartInfo.RedirectStandardOutput = true;
        process.StartInfo.RedirectStandardError = true;
        process.Start();
        return process;
    }
}
