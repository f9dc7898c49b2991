using Shouldly;
using Xunit;

namespace Holdfast.Tests.Tidy;

public sealed class ScriptTests
{
    [Theory]
    [InlineData("up")]
    [InlineData("test")]
    [InlineData("holdfast")]
    [InlineData("lab")]
    [InlineData("sim")]
    [InlineData(".ci/run")]
    [InlineData("bench/failover")]
    [InlineData("bench/rivals")]
    [InlineData("bench/pgproxy")]
    [InlineData("bench/pgproxy-idle")]
    [InlineData("bench/reconnect-storm")]
    [InlineData("bench/store-outage")]
    [InlineData("bench/quiet")]
    [InlineData("bench/pgproxy-fuzz")]
    [InlineData("bench/pgproxy-soak")]
    [InlineData("bench/pgproxy-doubt")]
    public void A_script_can_be_run_and_says_what_it_does(string script)
    {
        var path = Path.Combine(Repository.Root, script);
        var lines = File.ReadAllLines(path);

        File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        lines[0].ShouldBe("#!/usr/bin/env bash");
        lines[1].ShouldStartWith("# ");
        lines.ShouldContain("set -euo pipefail");
    }
}
