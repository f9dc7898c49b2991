using Holdfast.Commands;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("lst", "holdfast: unknown command 'lst'; did you mean 'list'?\nTry 'holdfast --help'.\n")]
    [InlineData("frobnicate", "holdfast: unknown command 'frobnicate'\nTry 'holdfast --help'.\n")]
    [InlineData("list --ouput json",
        "holdfast: unknown option '--ouput'; did you mean '--output'?\nTry 'holdfast list --help'.\n")]
    [InlineData("list -o yaml", "holdfast: --output is table or json, not 'yaml'\nTry 'holdfast list --help'.\n")]
    [InlineData("list n1", "holdfast: 'list' does not take 'n1'\nTry 'holdfast list --help'.\n")]
    [InlineData("switchover --canidate n2 --force",
        "holdfast: unknown option '--canidate'; did you mean '--candidate'?\nTry 'holdfast switchover --help'.\n")]
    [InlineData("node", "holdfast: Option '--name' is required.\nTry 'holdfast node --help'.\n")]
    public async Task Wrong_words_are_told_and_end_with_2(string line, string expected)
    {
        var (code, output, errors) = await RunAsync(line.Split(' '));
        (code, output).ShouldBe((2, ""));
        errors.ShouldBe(expected);
    }

    [Theory]
    [InlineData("check --config /nowhere.yml")]
    [InlineData("list --config /nowhere.yml")]
    [InlineData("switchover --force --config /nowhere.yml")]
    [InlineData("node --name n1 --config /nowhere.yml")]
    [InlineData("pgproxy --name n1 --config /nowhere.yml")]
    [InlineData("edge --name n1 --config /nowhere.yml")]
    public async Task A_missing_file_is_told_and_ends_with_2(string line)
    {
        var (code, _, errors) = await RunAsync(line.Split(' '));
        code.ShouldBe(2);
        errors.ShouldStartWith("/nowhere.yml: no such file");
    }

    [Theory]
    [InlineData("node", "holdfast node: unknown host 'n9'; the cluster file has n1, n2, n3 for it\n")]
    [InlineData("pgproxy", "holdfast pgproxy: unknown host 'n9'; the cluster file has n1, n2, n3 for it\n")]
    public async Task A_host_that_is_not_in_the_file_is_told(string role, string expected)
    {
        var (code, _, errors) = await RunAsync([role, "--name", "n9", "--config", Sample]);
        code.ShouldBe(2);
        errors.ShouldBe(expected);
    }

    [Theory, InlineData("node --name n1"), InlineData("list"), InlineData("switchover --force")]
    public async Task A_cluster_that_Patroni_runs_is_only_served(string line)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """
            cluster: films
            hosts: { n1: 10.77.0.11 }
            pgproxy: { on: [n1], patroni: ["http://10.0.0.1:8008"] }
            """, TestContext.Current.CancellationToken);
        var (code, _, errors) = await RunAsync([.. line.Split(' '), "--config", file]);
        File.Delete(file);
        code.ShouldBe(2);
        errors.ShouldBe($"holdfast {line.Split(' ')[0]}: the cluster of {file} is run by Patroni (pgproxy.patroni); "
            + "only 'holdfast pgproxy' serves it\n");
    }

    [Fact]
    public async Task The_sample_is_checked()
    {
        var (code, output, errors) = await RunAsync(["check", "--config", Sample]);
        (code, errors).ShouldBe((0, ""));
        output.ShouldBe($"{Sample}: cluster filmopoisk, 3 hosts, no problems\n");
    }

    [Fact]
    public async Task The_schema_is_printed()
    {
        var (code, output, _) = await RunAsync(["schema"]);
        code.ShouldBe(0);
        System.Text.Json.JsonDocument.Parse(output).RootElement.TryGetProperty("properties", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task The_version_is_printed()
    {
        var (code, output, _) = await RunAsync(["version"]);
        code.ShouldBe(0);
        output.ShouldStartWith("holdfast 0.");
    }

    [Fact]
    public async Task Help_names_every_verb_and_the_exit_codes()
    {
        var (code, output, _) = await RunAsync(["--help"]);
        code.ShouldBe(0);
        foreach (var verb in (string[])
            ["list", "switchover", "check", "schema", "node", "agent", "pgproxy", "edge", "fence"])
            output.ShouldContain($"\n  {verb} ");
        output.ShouldContain("Exit codes: 0 done; 1 failed; 2 bad usage or a bad file.");
    }

    [Fact]
    public async Task Without_a_word_help_is_shown_and_it_ends_with_2()
    {
        var (code, output, _) = await RunAsync([]);
        code.ShouldBe(2);
        output.ShouldContain("Usage:");
    }

    static string Sample => Path.Combine(Repository.Root, "samples", "filmopoisk.yml");

    static async Task<(int Code, string Output, string Errors)> RunAsync(string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var code = await CommandLine.RunAsync(args, output, errors, TestContext.Current.CancellationToken);
        return (code, output.ToString(), errors.ToString());
    }
}
