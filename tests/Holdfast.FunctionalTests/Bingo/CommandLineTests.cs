using System.Net;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

public sealed class CommandLineTests : IAsyncLifetime
{
    const string NobodysConfig = """
        postgres: { primary: 127.0.0.1:9, database: app, user: app }
        """;

    readonly BingoProgram _bingo = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bingo.DisposeAsync();

    [Theory]
    [InlineData("", "a command is missing")]
    [InlineData("run_sever", "unknown command 'run_sever'; did you mean 'run_server'?")]
    [InlineData("dance", "unknown command 'dance'")]
    [InlineData("run_server --confg=x", "'run_server' has no option '--confg'; did you mean '--config'?")]
    [InlineData("run_server now", "'run_server' does not take 'now'")]
    [InlineData("run_server --config", "option '--config' lacks its value")]
    [InlineData("prepare_db --scale 0", "--scale must be a number from 0.001 to 10, not '0'")]
    [InlineData("prepare_db --scale much", "--scale must be a number from 0.001 to 10, not 'much'")]
    [InlineData("prepare_db --wait 60", "--wait must be a time such as 500ms, 60s or 5m, at most 60m, not '60'")]
    [InlineData("prepare_db --wait 1s --wait 2s", "option '--wait' is given twice")]
    public async Task Wrong_words_are_named(string words, string problem) =>
        (await _bingo.RunAsync(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            .ShouldBe(new BingoRun(2, "", $"bingo: {problem}\nTry 'bingo help'.\n"));

    [Fact]
    public async Task Help_and_version_are_for_everybody()
    {
        var help = await _bingo.RunAsync(["help"]);
        (help.Code, help.Errors).ShouldBe((0, ""));
        help.Output.ShouldContain("bingo run_server");
        help.Output.ShouldContain("Exit codes: 0 done; 1 failed; 2 wrong usage; 3 started as root;");
        (await _bingo.RunAsync(["prepare_db", "--help"])).ShouldBe(help);
        (await _bingo.RunAsync(["version"], asRoot: true)).ShouldBe(new BingoRun(0, "bingo 0.1.0\n", ""));
    }

    [Theory]
    [InlineData("run_server")]
    [InlineData("prepare_db")]
    public async Task Root_is_refused(string verb)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can start a program as root");
        (await _bingo.RunAsync([verb], asRoot: true)).ShouldBe(new BingoRun(3, "",
            "bingo refuses to run as root: start it as an ordinary user, for example with "
            + $"'setpriv --reuid=nobody --regid=nogroup --clear-groups bingo {verb}'.\n"));
    }

    [Theory]
    [InlineData("run_server")]
    [InlineData("prepare_db")]
    [InlineData("print_current_config")]
    public async Task A_missing_configuration_is_named(string verb) =>
        (await _bingo.RunAsync([verb, "--config", "/nowhere/bingo.yaml"])).ShouldBe(new BingoRun(4, "",
            "bingo has no configuration: there is no file /nowhere/bingo.yaml. Write it ('bingo print_default_config' "
            + "prints a beginning), or name another one by --config or BINGO_CONFIG.\n"));

    [Fact]
    public async Task Every_mistake_of_a_configuration_has_its_place()
    {
        await _bingo.WriteConfigAsync("""
            lisen: { port: 1 }
            listen: { host: everywhere, port: 99999 }
            postgres:
              primary: 127.0.0.1
              user: app
              pool: 0
              databse: app
            faults: maybe
            """);
        var run = await _bingo.RunAsync(["run_server", "--config", _bingo.ConfigFile]);
        var file = _bingo.ConfigFile;
        (run.Code, run.Output).ShouldBe((4, ""));
        run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            $"bingo: {file}:2:17: 'listen.host' must be an IP address, 'localhost' or '*', not 'everywhere'",
            $"bingo: {file}:2:35: 'listen.port' must be a whole number from 0 to 65535, not '99999'",
            $"bingo: {file}:4:12: 'postgres.primary' must be a host with a port such as 127.0.0.1:5432, "
                + "not '127.0.0.1'",
            $"bingo: {file}:4:3: 'postgres.database' is missing",
            $"bingo: {file}:6:9: 'postgres.pool' must be a whole number from 1 to 1000, not '0'",
            $"bingo: {file}:7:3: unknown key 'databse' in 'postgres'; expected one of primary, replica, database, "
                + "user, password, password_file, pool; did you mean 'database'?",
            $"bingo: {file}:8:9: 'faults' must be true or false, not 'maybe'",
            $"bingo: {file}:1:1: unknown key 'lisen'; expected one of listen, postgres, log, instance, faults, "
                + "prepare; did you mean 'listen'?",
        ]);
    }

    [Fact]
    public async Task A_configuration_that_is_no_yaml_is_named()
    {
        await _bingo.WriteConfigAsync("listen: [1,\n");
        var run = await _bingo.RunAsync(["run_server", "--config", _bingo.ConfigFile]);
        run.Code.ShouldBe(4);
        run.Errors.ShouldStartWith($"bingo: {_bingo.ConfigFile}:");
        run.Errors.ShouldContain(": not valid YAML: ");
    }

    [Fact]
    public async Task The_default_configuration_is_one_and_the_current_one_hides_its_password()
    {
        var printed = await _bingo.RunAsync(["print_default_config"]);
        printed.Code.ShouldBe(0);
        await _bingo.WriteConfigAsync(printed.Output + "instance: me\n");
        (await _bingo.RunAsync(["print_current_config", "--config", _bingo.ConfigFile])).ShouldBe(new BingoRun(0, $"""
            # from {_bingo.ConfigFile}
            listen:
              host: 0.0.0.0
              port: 13526
            postgres:
              primary: 127.0.0.1:5432
              database: bingo
              user: bingo
              password: '***'
              pool: 20
            log: /var/log/bingo/bingo.log
            instance: me
            faults: false
            prepare:
              movies: 10000
              customers: 50000
              sessions: 1000000

            """, ""));
    }

    [Fact]
    public async Task A_log_file_that_cannot_be_written_is_named()
    {
        await _bingo.ConfigureAsync(NobodysConfig, log: "/proc/bingo.log");
        var run = await _bingo.RunAsync(["run_server", "--config", _bingo.ConfigFile]);
        (run.Code, run.Output).ShouldBe((5, ""));
        run.Errors.ShouldStartWith("bingo cannot write its log file /proc/bingo.log: ");
        run.Errors.ShouldEndWith($". It is named by the key 'log' of {_bingo.ConfigFile}; file and folder must be "
            + "writable for user nobody.\n");
    }

    [Fact]
    public async Task An_address_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await _bingo.ConfigureAsync(NobodysConfig, more: $"listen: {{ host: 127.0.0.1, port: {port} }}");
        (await _bingo.RunAsync(["run_server", "--config", _bingo.ConfigFile])).ShouldBe(
            new BingoRun(1, "", $"bingo: cannot listen on 127.0.0.1:{port}: Address already in use\n"));
    }
}
