using System.Diagnostics;
using System.Text.Json;
using Holdfast.Lab;
using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary><c>lab load</c> beside a test: what the users of the application felt.</summary>
sealed class Requests : IDisposable
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly Process _load;
    readonly Task<string> _report;

    Requests(Process load)
    {
        _load = load;
        _report = load.StandardOutput.ReadToEndAsync(Stop);
    }

    /// <summary>Returns once requests are being sent.</summary>
    public static async Task<Requests> StartAsync(RunningLab lab, int rate, int seconds, params string[] more)
    {
        var requests = new Requests(LabProgram.Start(
            ["load", "--name", lab.Name, "--rate", $"{rate}", "--for", $"{seconds}s", "-o", "json", .. more]));
        (await requests._load.StandardError.ReadLineAsync(Stop)).ShouldNotBeNull().ShouldStartWith("sending ");
        return requests;
    }

    /// <summary>Waits for the end of the run.</summary>
    public async Task<IReadOnlyDictionary<string, LoadReport>> EndAsync()
    {
        await _load.WaitForExitAsync(Stop);
        _load.ExitCode.ShouldBe(0);
        var report = await _report;
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        return JsonSerializer.Deserialize(report, LabJson.Default.SortedDictionaryStringLoadReport)!;
    }

    public void Dispose()
    {
        if (!_load.HasExited)
            _load.Kill();
        _load.Dispose();
    }
}
