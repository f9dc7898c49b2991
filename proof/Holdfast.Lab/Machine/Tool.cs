using System.Diagnostics;

namespace Holdfast.Lab.Machine;

/// <summary>Runs the system's own programs (ip, nft) to their end.</summary>
static class Tool
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>What it printed; throws <see cref="LabException"/> with its words when it fails.</summary>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, string input, CancellationToken stop)
    {
        var result = await TryAsync(program, arguments, input, stop);
        return result.ExitCode == 0
            ? result.Output
            : throw new LabException($"{program} failed ({result.ExitCode}): {result.Error.Trim()}\n{input}".TrimEnd());
    }

    public static async Task<ToolResult> TryAsync(
        string program, IEnumerable<string> arguments, string input, CancellationToken stop)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) };
        process.StartInfo.UseShellExecute = false;
        process.StartInfo.RedirectStandardInput = true;
        process.StartInfo.RedirectStandardOutput = true;
        process.StartInfo.RedirectStandardError = true;
        try
        {
            process.Start();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new LabException($"{program} can't be started: {failure.Message}", failure);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException late) when (!stop.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new LabException($"{program} took longer than {Limit.TotalSeconds} s", late);
        }
    }
}

readonly record struct ToolResult(int ExitCode, string Output, string Error);
