using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>What a limit in time is worth where starting a process takes ten times what it should: some virtual
/// machines are so for hours. Elsewhere it holds as it is, and <c>bench/failover</c> measures the promise
/// itself.</summary>
static class SlowMachine
{
    const int Forks = 50;

    /// <summary>A fork of a shell takes less than this on any machine that a cluster should run on.</summary>
    const double ForkMsMax = 1;

    /// <summary>From a fault until the last client is back some hundred backends and programs start, each of which
    /// costs several of a shell's forks. Where one took 2.7 ms, a switchover took 1.4 s too long.</summary>
    const double ForksOfFailover = 1000;

    /// <summary>Milliseconds, at most as much as there were; the reason is in the test's output.</summary>
    public static double MoreFor(double limitMs)
    {
        var began = Stopwatch.GetTimestamp();
        using var shell = Process.Start("sh", ["-c", $"i=0; while [ $i -lt {Forks} ]; do (:); i=$((i + 1)); done"]);
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0);
        var forkMs = Stopwatch.GetElapsedTime(began).TotalMilliseconds / Forks;
        var moreMs = Math.Clamp((forkMs - ForkMsMax) * ForksOfFailover, 0, limitMs);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"a fork takes {forkMs:0.0} ms here: the limit of {limitMs:0} ms is {moreMs:0} ms more");
        return moreMs;
    }
}
