using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Agent.Rest;

public sealed class RestApiTests : IAsyncLifetime
{
    ApiUnderTest _api = null!;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _api = await ApiUnderTest.StartAsync();

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/primary", 200)]
    [InlineData("/primary/", 200)]
    [InlineData("/Primary", 200)]
    [InlineData("/replica?lag=10MB", 503)]
    [InlineData("/patroni", 200)]
    [InlineData("/patroni?x", 200)]
    [InlineData("/nonsense", 503)]
    public async Task A_get_answers_with_the_status_whatever_the_code(string path, int code)
    {
        using var response = await _api.Http.GetAsync(new Uri(_api.Leader, path), Stop);
        ((int)response.StatusCode).ShouldBe(code);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json");
        (await response.Content.ReadAsStringAsync(Stop)).ShouldStartWith("""{"state":"running","role":"primary",""");
    }

    [Theory]
    [InlineData("HEAD", "/primary", 200)]
    [InlineData("OPTIONS", "/primary", 200)]
    [InlineData("OPTIONS", "/replica", 503)]
    [InlineData("HEAD", "/patroni", 200)]
    [InlineData("GET", "/liveness", 200)]
    [InlineData("GET", "/readiness", 200)]
    public async Task A_question_for_the_code_has_no_body(string method, string path, int code)
    {
        var (answered, text) = await _api.SendAsync(new HttpMethod(method), path);
        ((int)answered, text).ShouldBe((code, ""));
    }

    [Theory]
    [InlineData("POST", "/restart")]
    [InlineData("PUT", "/config")]
    [InlineData("DELETE", "/switchover")]
    [InlineData("POST", "/")]
    public async Task What_is_not_built_is_501(string method, string path) =>
        (await _api.SendAsync(new HttpMethod(method), path)).Code.ShouldBe(HttpStatusCode.NotImplemented);

    [Fact]
    public async Task The_cluster_is_shown()
    {
        var (code, text) = await _api.SendAsync(HttpMethod.Get, "/cluster");
        code.ShouldBe(HttpStatusCode.OK);
        text.ShouldContain("""{"name":"n2","role":"quorum_standby","state":"streaming",""");
        text.ShouldContain("\"receive_lag\":0,\"replay_lsn\":\"0/3000060\",\"replay_lag\":0,");
        text.ShouldEndWith("\"lsn\":\"0/3000060\",\"lag\":0}],\"scope\":\"filmopoisk\"}");
    }

    [Fact]
    public async Task History_and_configuration_are_shown()
    {
        (await _api.SendAsync(HttpMethod.Get, "/history")).ShouldBe((HttpStatusCode.OK, "[]"));
        await _api.PutAsync((_api.Keys.History, """[[1,50331744,"no recovery target specified","t","n1"]]"""));
        await _api.SeesAsync(cluster => cluster.History is not null);
        (await _api.SendAsync(HttpMethod.Get, "/history")).Text.ShouldContain("recovery");
        (await _api.SendAsync(HttpMethod.Get, "/config"))
            .ShouldBe((HttpStatusCode.OK, """{"ttl":3,"loop_wait":1,"synchronous_mode":"quorum"}"""));
    }

    [Fact]
    public async Task The_configuration_is_patched()
    {
        const string change = """{"ttl":5,"loop_wait":null,"postgresql":{"use_slots":true}}""";
        (await _api.SendAsync(HttpMethod.Patch, "/config", change))
            .ShouldBe((HttpStatusCode.OK, """{"ttl":5,"synchronous_mode":"quorum","postgresql":{"use_slots":true}}"""));
        (await _api.SeesAsync(cluster => cluster.Settings!.Ttl == TimeSpan.FromSeconds(5))).ShouldNotBeNull();
        (await _api.SendAsync(HttpMethod.Patch, "/config", "{}")).Code.ShouldBe(HttpStatusCode.BadRequest);
        (await _api.SendAsync(HttpMethod.Patch, "/config", """{"pause":5}"""))
            .ShouldBe((HttpStatusCode.BadRequest, "'pause' must be true or false, not 5"));
        (await _api.SendAsync(HttpMethod.Patch, "/config", """{"pause":true}""")).Code.ShouldBe(HttpStatusCode.OK);
        (await _api.SeesAsync(cluster => cluster.Settings!.Pause)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Metrics_are_those_of_Patroni_and_our_own()
    {
        using var meter = new Meter("Holdfast.RestApiTests");
        meter.CreateCounter<int>("holdfast.rest_api_tests").Add(3);
        using var response = await _api.Http.GetAsync(new Uri(_api.Leader, "/metrics"), Stop);
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        var text = await response.Content.ReadAsStringAsync(Stop);
        text.ShouldContain("patroni_primary{scope=\"filmopoisk\",name=\"n1\"} 1\n");
        text.ShouldContain("holdfast_rest_api_tests_total 3\n");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        var (code, _) = await _api.SendAsync(HttpMethod.Post, "/switchover", new string(' ', 300 * 1024));
        code.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_body_without_a_length_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_api.Leader, "/switchover"));
        request.Content = new StringContent("{}");
        request.Headers.TransferEncodingChunked = true;
        using var response = await _api.Http.SendAsync(request, Stop);
        response.StatusCode.ShouldBe(HttpStatusCode.LengthRequired);
    }

    [Fact]
    public async Task A_peer_is_asked()
    {
        var answer = (await _api.Peers.AskAsync(new Uri(_api.Leader, "/patroni").ToString(), Stop)).ShouldNotBeNull();
        (answer.Name, answer.HasLease, answer.Term, answer.Position)
            .ShouldBe((new NodeName("n1"), true, new Term(42), new Lsn(50331744)));
        var replica = new Holdfast.Agent.Configuration.HostPort(_api.Replica.Host, _api.Replica.Port);
        (await _api.Peers.AskAsync(replica, Stop))
            .ShouldNotBeNull().Role.ShouldBe("replica");
    }

    [Fact]
    public async Task A_peer_that_is_silent_or_gone_or_something_else_gives_no_answer()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var url = $"http://{silent.LocalEndpoint}/patroni";
        (await _api.Peers.AskAsync(url, Stop).AsTask().WaitAsync(PeerClient.AnswerLimit * 5, Stop)).ShouldBeNull();
        silent.Stop();
        (await _api.Peers.AskAsync(url, Stop)).ShouldBeNull();
        (await _api.Peers.AskAsync("not an address", Stop)).ShouldBeNull();
        (await _api.Peers.AskAsync("ftp://127.0.0.1/", Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task An_old_client_without_keep_alive_is_answered()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_api.Leader.Host, _api.Leader.Port, Stop);
        await using var stream = socket.GetStream();
        await stream.WriteAsync("OPTIONS /primary HTTP/1.0\r\n\r\n"u8.ToArray(), Stop);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        (await reader.ReadToEndAsync(Stop)).ShouldStartWith("HTTP/1.1 200 OK\r\n");
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();
}
