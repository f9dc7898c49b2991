using Holdfast.Cluster.Configuration;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

/// <summary>The sections <c>apps</c> and <c>edge</c>: what they become, and what is said to mistakes.</summary>
public sealed class ClusterFileAppsTests
{
    /// <summary>From line 12 on; a test replaces one part of it.</summary>
    const string Good = ClusterFileReaderTests.Good + """

        apps:
          bingo:
            on: [n1, n2]
            command: [/opt/bingo/bingo, run_server, 7]
            user: bingo
            port: 13526
            env: { DB: { env: DB_OF_BINGO }, KEY: { file: key }, FLAG: on, LEVEL: 3 }
            after: [pgproxy, feed]
            prepare: { command: [/opt/bingo/bingo, prepare_db], limit: 2min }
            health: { http: /ping, every: 2s, timeout: 500ms, rise: 2, fall: 4, start: 20s }
            weights: { n1: 5 }
            stop_grace: 3s
          feed: { on: [n1], command: [feed] }
        edge:
          on: [n1, n2]
          listen: { http: 8080, metrics: 9181 }
          routes:
            - { path: /slow, to: bingo, timeout: 90s, max_fails: 0, fail_timeout: 5s, body_max: 2MB }
            - { path: /, to: bingo }
        """;

    static string[] Problems(string part, string wrong)
    {
        Good.ShouldContain(part);
        var text = Good.Replace(part, wrong, StringComparison.Ordinal);
        return [.. ClusterFileReader.Read("holdfast.yml", text).Problems.Select(problem => problem.ToString())];
    }

    static ClusterFile File()
    {
        var reading = ClusterFileReader.Read("holdfast.yml", Good);
        reading.Problems.ShouldBeEmpty();
        return reading.File!;
    }

    [Fact]
    public void An_app_becomes_settings()
    {
        var app = File().Apps[0];
        (app.Name, app.User, app.Port, app.StopGrace).ShouldBe(("bingo", "bingo", 13526, TimeSpan.FromSeconds(3)));
        app.On.ShouldBe([new("n1"), new("n2")]);
        app.Command.ShouldBe(["/opt/bingo/bingo", "run_server", "7"]);
        app.After.ShouldBe(["pgproxy", "feed"]);
        app.Environment["DB"].ShouldBe(new SecretSettings(null, null, "DB_OF_BINGO"));
        app.Environment["KEY"].ShouldBe(new SecretSettings(null, "key", null));
        app.Environment["FLAG"].ShouldBe(new SecretSettings("on", null, null));
        app.Environment["LEVEL"].ShouldBe(new SecretSettings("3", null, null));
        app.Prepare!.Command.ShouldBe(["/opt/bingo/bingo", "prepare_db"]);
        app.Prepare.Limit.ShouldBe(TimeSpan.FromMinutes(2));
        (app.WeightOn(new("n1")), app.WeightOn(new("n2"))).ShouldBe((5, 1));
    }

    [Fact]
    public void Health_becomes_settings()
    {
        var health = File().Apps[0].Health!;
        (health.Http, health.Tcp, health.Rise, health.Fall).ShouldBe(("/ping", false, 2, 4));
        (health.Every.TotalSeconds, health.Timeout.TotalSeconds, health.Start.TotalSeconds).ShouldBe((2, 0.5, 20));
    }

    [Fact]
    public void What_an_app_leaves_out_is_usual()
    {
        var app = File().Apps[1];
        (app.User, app.Port, app.StopGrace, app.Prepare, app.Health)
            .ShouldBe(("nobody", null, TimeSpan.FromSeconds(10), null, null));
        (app.Environment.Count, app.After.Length).ShouldBe((0, 0));
        var health = new HealthSettings();
        (health.Every.TotalSeconds, health.Timeout.TotalSeconds, health.Rise, health.Fall, health.Start.TotalSeconds)
            .ShouldBe((1, 1, 1, 3, 60));
    }

    [Fact]
    public void The_edge_becomes_settings()
    {
        var edge = File().Edge.ShouldNotBeNull();
        edge.On.ShouldBe([new("n1"), new("n2")]);
        (edge.User, edge.Http, edge.Metrics).ShouldBe(("www-data", 8080, 9181));
        edge.Routes.ShouldBe(
        [
            new RouteSettings
            {
                Path = "/slow",
                To = "bingo",
                Timeout = TimeSpan.FromSeconds(90),
                MaxFails = 0,
                FailTimeout = TimeSpan.FromSeconds(5),
                BodyMax = 2 * 1024 * 1024,
            },
            new RouteSettings { Path = "/", To = "bingo" },
        ]);
        (edge.Routes[1].Timeout.TotalSeconds, edge.Routes[1].BodyMax).ShouldBe((60, 1024 * 1024));
    }

    [Theory]
    [InlineData("etcd")]
    [InlineData("agent")]
    [InlineData("pgproxy")]
    [InlineData("edge")]
    [InlineData("postgres")]
    [InlineData("supervisor")]
    [InlineData("pg")]
    public void No_app_takes_a_name_of_Holdfast(string name) =>
        Problems("  feed: {", $"  feed: {{ on: [n3], command: [a] }}\n  {name}: {{").ShouldBe(
            [$"holdfast.yml:25:3: no app can be called '{name}': a program of Holdfast is"]);

    [Fact]
    public void An_app_s_name_is_plain() => Problems("  feed: {", "  feed: { on: [n3], command: [a] }\n  Feed.2: {")
        .ShouldBe(
        [
            "holdfast.yml:25:3: 'Feed.2' in 'apps' must be a name of at most 32 lower-case letters, digits and '-', " +
            "a letter first",
        ]);

    [Fact]
    public void An_app_waits_for_what_there_is() => Problems("[pgproxy, feed]", "[pgproxi, fed, edge]").ShouldBe(
    [
        "holdfast.yml:19:13: unknown program 'pgproxi' in 'apps.bingo.after'; " +
        "expected one of etcd, agent, pgproxy, feed; did you mean 'pgproxy'?",
        "holdfast.yml:19:22: unknown program 'fed' in 'apps.bingo.after'; " +
        "expected one of etcd, agent, pgproxy, feed; did you mean 'feed'?",
        "holdfast.yml:19:27: unknown program 'edge' in 'apps.bingo.after'; " +
        "expected one of etcd, agent, pgproxy, feed",
    ]);

    [Fact]
    public void Nobody_waits_for_itself() => Problems("[pgproxy, feed]", "[bingo]").ShouldBe(
        ["holdfast.yml:13:3: 'apps.bingo.after' leads back to bingo: it would wait for itself"]);

    [Fact]
    public void Nobody_waits_for_itself_by_way_of_others() =>
        Problems("command: [feed] }", "command: [feed], after: [bingo] }").ShouldBe(
        [
            "holdfast.yml:13:3: 'apps.bingo.after' leads back to bingo: it would wait for itself",
            "holdfast.yml:24:3: 'apps.feed.after' leads back to feed: it would wait for itself",
        ]);

    [Theory]
    [InlineData("http: /ping", 63)]
    [InlineData("tcp: true", 62)]
    public void Who_has_no_port_can_t_be_asked_there(string question, int column) => Problems(
        "feed: { on: [n1], command: [feed] }",
        $"feed: {{ on: [n1], command: [feed], health: {{ fall: 5, {question} }} }}")
        .ShouldBe(
        [
            $"holdfast.yml:24:{column}: 'apps.feed.health' asks a port, and the app has none; add 'port'",
        ]);

    [Fact]
    public void A_command_needs_no_port() => Problems(
        "command: [feed] }", "command: [feed], health: { command: [test, -e, /tmp] } }").ShouldBeEmpty();

    [Fact]
    public void Health_asks_one_question() => Problems("http: /ping", "http: /ping, tcp: true").ShouldBe(
        ["holdfast.yml:21:13: 'apps.bingo.health' must have exactly one of http, tcp, command; it has more"]);

    [Fact]
    public void Health_asks_some_question() => Problems("http: /ping, ", "").ShouldBe(
        ["holdfast.yml:21:13: 'apps.bingo.health' must have exactly one of http, tcp, command; it has none"]);

    [Theory]
    [InlineData(
        "http: /ping", "http: ping",
        "21:21: 'apps.bingo.health.http' must be a path such as /ping, not 'ping'")]
    [InlineData("http: /ping", "tcp: false", "21:20: 'apps.bingo.health.tcp' can't be 'false'; expected one of true")]
    [InlineData("rise: 2", "rise: 0", "21:61: 'apps.bingo.health.rise' must be between 1 and 100, not 0")]
    [InlineData("fall: 4", "fall: 101", "21:70: 'apps.bingo.health.fall' must be between 1 and 100, not 101")]
    [InlineData("every: 2s", "every: 0s", "21:35: 'apps.bingo.health.every' must be between 100ms and 1h, not 0s")]
    [InlineData("500ms", "2h", "21:48: 'apps.bingo.health.timeout' must be between 10ms and 1h, not 2h")]
    [InlineData("start: 20s", "start: 2d", "21:80: 'apps.bingo.health.start' must be between 100ms and 1d, not 2d")]
    [InlineData("limit: 2min", "limit: 1ms", "20:64: 'apps.bingo.prepare.limit' must be between 1s and 7d, not 1ms")]
    [InlineData("stop_grace: 3s", "stop_grace: 2h", "23:17: 'apps.bingo.stop_grace' must be between 0s and 1h, not 2h")]
    [InlineData("timeout: 90s", "timeout: 0s", "29:42: 'edge.routes.timeout' must be between 10ms and 1d, not 0s")]
    [InlineData(
        "fail_timeout: 5s", "fail_timeout: 9d",
        "29:75: 'edge.routes.fail_timeout' must be between 10ms and 1d, not 9d")]
    [InlineData(
        "weights: { n1: 5 }", "weights: { n1: 0 }",
        "22:20: 'apps.bingo.weights.n1' must be between 1 and 100, not 0")]
    [InlineData("max_fails: 0", "max_fails: -1", "29:58: 'edge.routes.max_fails' must be between 0 and 1000, not -1")]
    [InlineData("path: /slow", "path: slow", "29:15: 'edge.routes.path' must be a path such as /ping, not 'slow'")]
    [InlineData(
        "FLAG: on", "1FLAG: on",
        "18:58: '1FLAG' in 'apps.bingo.env' must be a variable's name of letters, digits and '_'")]
    [InlineData(
        "DB: { env: DB_OF_BINGO }", "DB:",
        "18:15: 'apps.bingo.env.DB' must be text, { file: PATH } or { env: NAME }, not nothing")]
    [InlineData(
        "user: bingo", "user: Bingo",
        "16:11: 'apps.bingo.user' must be a user of the operating system, not 'Bingo'")]
    [InlineData("command: [feed]", "command: []", "24:30: 'apps.feed.command' is empty; expected at least one entry")]
    [InlineData("command: [feed]", "command: feed", "24:30: 'apps.feed.command' must be a list, not text 'feed'")]
    public void A_value_that_does_not_fit_says_what_would(string part, string wrong, string problem) =>
        Problems(part, wrong).ShouldBe([$"holdfast.yml:{problem}"]);

    [Theory]
    [InlineData(
        "  feed: { on: [n1], command: [feed] }", "  feed: { on: [n1] }",
        "24:9: missing key 'command' in 'apps.feed'")]
    [InlineData(
        "  feed: { on: [n1], command: [feed] }", "  feed: { command: [feed] }",
        "24:9: missing key 'on' in 'apps.feed'")]
    [InlineData("{ path: /, to: bingo }", "{ path: / }", "30:7: missing key 'to' in 'edge.routes'")]
    [InlineData(
        "prepare: { command: [/opt/bingo/bingo, prepare_db], limit", "prepare: { limit",
        "20:14: missing key 'command' in 'apps.bingo.prepare'")]
    public void What_is_needed_is_asked_for(string part, string wrong, string problem) =>
        Problems(part, wrong).ShouldBe([$"holdfast.yml:{problem}"]);

    [Theory]
    [InlineData("metrics: 9181", "https: 443", "27:25: 'edge.listen.https' is not supported by this version")]
    [InlineData("  routes:", "  vip: 10.77.0.100\n  routes:", "28:3: 'edge.vip' is not supported by this version")]
    [InlineData("path: /, ", "path: /, cache: 60s, ", "30:18: 'edge.routes.cache' is not supported by this version")]
    public void What_comes_later_is_refused_plainly(string part, string wrong, string problem) =>
        Problems(part, wrong).ShouldBe([$"holdfast.yml:{problem}"]);

    [Fact]
    public void Hosts_of_apps_and_edge_are_the_file_s()
    {
        Problems("feed: { on: [n1]", "feed: { on: [n4]").ShouldBe(
        [
            "holdfast.yml:24:16: unknown host 'n4' in 'apps.feed.on'; expected one of n1, n2, n3; did you mean 'n1'?",
        ]);
        Problems("edge:\n  on: [n1, n2]", "edge:\n  on: [n1, m2]").ShouldBe(
            ["holdfast.yml:26:12: unknown host 'm2' in 'edge.on'; expected one of n1, n2, n3; did you mean 'n2'?"]);
    }

    [Fact]
    public void A_weight_is_for_a_host_where_the_app_runs() =>
        Problems("weights: { n1: 5 }", "weights: { n3: 5 }").ShouldBe(
        ["holdfast.yml:22:16: 'apps.bingo.weights' names n3, where the app does not run"]);

    [Theory]
    [InlineData(
        "port: 13526", "port: 5432",
        "17:11: port 5432 is used twice on n1, n2: by 'postgres.listen' and 'apps.bingo.port'")]
    [InlineData(
        "port: 13526", "port: 8080",
        "27:19: port 8080 is used twice on n1, n2: by 'apps.bingo.port' and 'edge.listen.http'")]
    [InlineData(
        "metrics: 9181", "metrics: 8080",
        "27:34: port 8080 is used twice on n1, n2: by 'edge.listen.http' and 'edge.listen.metrics'")]
    [InlineData(
        "{ http: 8080, metrics: 9181 }", "{ http: 9180 }",
        "27:19: port 9180 is used twice on n1, n2: by 'edge.listen.metrics' and 'edge.listen.http'")]
    public void A_port_of_an_app_or_the_edge_is_nobody_else_s(string part, string wrong, string problem) =>
        Problems(part, wrong).ShouldBe([$"holdfast.yml:{problem}"]);

    [Fact]
    public void Two_apps_share_no_port_on_a_host() =>
        Problems("command: [feed] }", "command: [feed], port: 13526 }").ShouldBe(
        ["holdfast.yml:24:44: port 13526 is used twice on n1: by 'apps.bingo.port' and 'apps.feed.port'"]);

    [Fact]
    public void A_route_leads_to_an_app() => Problems("{ path: /, to: bingo }", "{ path: /, to: bingp }").ShouldBe(
        ["holdfast.yml:30:22: unknown app 'bingp' in 'edge.routes'; expected one of bingo; did you mean 'bingo'?"]);

    [Fact]
    public void A_route_leads_to_an_app_with_a_port() =>
        Problems("{ path: /, to: bingo }", "{ path: /, to: feed }").ShouldBe(
        ["holdfast.yml:30:22: 'edge.routes' leads to feed, which has no port"]);

    [Fact]
    public void Where_no_app_has_a_port_no_route_leads_anywhere()
    {
        var edge = Good[Good.IndexOf("edge:", StringComparison.Ordinal)..];
        var text = ClusterFileReaderTests.Good + "\n" + edge.Replace(
            "    - { path: /slow, to: bingo, timeout: 90s, max_fails: 0, fail_timeout: 5s, body_max: 2MB }\n", "",
            StringComparison.Ordinal);
        ClusterFileReader.Read("holdfast.yml", text).Problems.Select(problem => problem.ToString()).ShouldBe(
            ["holdfast.yml:16:22: unknown app 'bingo' in 'edge.routes'; there is none"]);
    }

    [Fact]
    public void A_path_has_one_route() => Problems("path: /slow", "path: /").ShouldBe(
        ["holdfast.yml:30:15: 'edge.routes' has the path / twice"]);

    [Fact]
    public void An_unknown_key_of_an_app_names_the_nearest() => Problems("stop_grace: 3s", "stop_grase: 3s").ShouldBe(
    [
        "holdfast.yml:23:5: unknown key 'stop_grase' in 'apps.bingo'; expected one of after, command, env, health, " +
        "on, port, prepare, stop_grace, user, weights; did you mean 'stop_grace'?",
    ]);
}
