using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Doubles.Postgres;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

/// <summary>Every endpoint with good and bad input, as a client sees it.</summary>
[Collection(BingoFixture.Collection)]
public sealed partial class ContractTests(BingoFixture fixture)
{
    const int BodyBytesMax = 64 * 1024;

    static readonly TimeSpan s_clockSkew = TimeSpan.FromMinutes(1);

    BingoProgram Bingo => fixture.Bingo;

    [GeneratedRegex("^[0-9a-f]{32}$", RegexOptions.None, 1000)]
    private static partial Regex MadeId();

    [Theory]
    [InlineData("/", "text/plain", "bingo: the history of film sessions\n")]
    [InlineData("/ping", "text/plain", "pong")]
    [InlineData("/db_dummy", "application/json", """{"answer":1}""")]
    [InlineData("/api/movie/1", "application/json",
        """{"id":1,"name":"The Silent Carnival","year":1990,"duration":104}""")]
    [InlineData("/api/customer/1", "application/json",
        """
        {"id":1,"name":"Viktor","surname":"Yashin","birthday":"1985-01-21","email":"viktor.yashin1@example.org"}
        """)]
    [InlineData("/api/session/1", "application/json",
        """
        {"id":1,"start_time":"2023-01-01T00:00:58Z","customer":{"id":2190,"name":"Wanda","surname":"Uvarov",
        "birthday":"1964-01-27","email":"wanda.uvarov2190@example.org"},
        "movie":{"id":284,"name":"The Golden Empire 2","year":1984,"duration":67}}
        """)]
    public async Task A_good_request_is_answered(string path, string type, string body)
    {
        using var answer = await Bingo.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(type);
        (await BingoProgram.TextAsync(answer))
            .ShouldBe(type == "application/json" ? body.ReplaceLineEndings("") : body);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", "/nothing/here", 404, "there is nothing at this path")]
    [InlineData("GET", "/fault", 404, "there is nothing at this path")]
    [InlineData("POST", "/fault", 404, "there is nothing at this path")]
    [InlineData("GET", "/api/movie/1000000", 404, "there is no movie 1000000")]
    [InlineData("GET", "/api/customer/1000000", 404, "there is no customer 1000000")]
    [InlineData("GET", "/api/session/2147483647", 404, "there is no session 2147483647")]
    [InlineData("GET", "/api/movie/0", 400, "an id is a whole number from 1 to 2147483647")]
    [InlineData("GET", "/api/movie/-1", 400, "an id is a whole number from 1 to 2147483647")]
    [InlineData("GET", "/api/customer/2147483648", 400, "an id is a whole number from 1 to 2147483647")]
    [InlineData("GET", "/api/session/one", 400, "an id is a whole number from 1 to 2147483647")]
    [InlineData("GET", "/api/session/1%27--", 400, "an id is a whole number from 1 to 2147483647")]
    [InlineData("DELETE", "/api/session/2147483647", 404, "there is no session 2147483647")]
    [InlineData("DELETE", "/api/session/one", 400, "an id is a whole number from 1 to 2147483647")]
    public async Task A_wrong_address_is_a_problem(string method, string path, int status, string detail)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await Bingo.SendAsync(request);
        await ShouldBeProblemAsync(answer, status, detail);
    }

    [Theory]
    [InlineData("POST", "/ping", "GET, HEAD")]
    [InlineData("DELETE", "/api/movie/1", "GET, HEAD")]
    [InlineData("GET", "/operation", "POST")]
    [InlineData("PATCH", "/api/session/1", "DELETE, GET, HEAD")]
    [InlineData("PUT", "/api/session", "GET, HEAD, POST")]
    public async Task A_wrong_method_is_told_the_right_ones(string method, string path, string allowed)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await Bingo.SendAsync(request);
        string.Join(", ", answer.Content.Headers.Allow.Order(StringComparer.Ordinal)).ShouldBe(allowed);
        await ShouldBeProblemAsync(answer, 405, "this path can be asked by ");
    }

    [Theory]
    [InlineData("/operation", "", "the body is not the JSON expected here: line 1, byte 1")]
    [InlineData("/operation", "{\"operation\":", "the body is not the JSON expected here: line 1, byte 14")]
    [InlineData("/operation", "{\"operation\":\"5\"}", "the body is not the JSON expected here: line 1, byte 17")]
    [InlineData("/operation", "{\"operation\":5.5}", "the body is not the JSON expected here: line 1, byte 17")]
    [InlineData("/operation", "{\"operation\":2147483648}", "the body is not the JSON expected here: ")]
    [InlineData("/operation", "{\"operation\":1,\"operation\":2}", "the body is not the JSON expected here: ")]
    [InlineData("/operation", "{\"operatoin\":5}", "the body is not the JSON expected here: ")]
    [InlineData("/operation", "[5]", "the body is not the JSON expected here: ")]
    [InlineData("/operation", "null", "the body must be a JSON object, not null")]
    [InlineData("/operation", "{}", "the body lacks 'operation', a whole number")]
    [InlineData("/api/session", "{\"movie_id\":1}", "the body lacks 'customer_id', a whole number")]
    [InlineData("/api/session", "{\"customer_id\":1}", "the body lacks 'movie_id', a whole number")]
    [InlineData("/api/session", "{\"customer_id\":0,\"movie_id\":1}", "an id is a whole number from 1 to 2147483647")]
    [InlineData("/api/session", "{\"customer_id\":1,\"movie_id\":1,\"start_time\":\"yesterday\"}",
        "the body is not the JSON expected here: line 1, byte 55, at $.start_time")]
    [InlineData("/api/session", "{\"customer_id\":1,\"movie_id\":1,\"start_time\":\"2024-01-01T00:00:00\"}",
        "'start_time' lacks its offset, such as Z or +03:00")]
    [InlineData("/api/session", "{\"customer_id\":1,\"movie_id\":1,\"start_time\":\"0001-01-01T00:00:00Z\"}",
        "'start_time' must be in the years 1900 to 2199")]
    public async Task A_wrong_body_is_a_problem(string path, string body, string detail)
    {
        using var answer = await Bingo.PostAsync(path, body);
        await ShouldBeProblemAsync(answer, 400, detail);
    }

    [Fact]
    public async Task A_body_of_unknown_type_or_too_many_bytes_is_a_problem()
    {
        using var text = await Bingo.PostAsync("/operation", "{\"operation\":5}", "text/plain");
        await ShouldBeProblemAsync(text, 415, "the body must have the content type application/json");
        using var bare = new HttpRequestMessage(HttpMethod.Post, "/api/session");
        using var none = await Bingo.SendAsync(bare);
        await ShouldBeProblemAsync(none, 415, "the body must have the content type application/json");
        var pad = new string(' ', BodyBytesMax);
        using var large = await Bingo.PostAsync("/operation", pad + "{\"operation\":5}");
        await ShouldBeProblemAsync(large, 413, "a body has 65536 bytes at most");
        using var unannounced = new HttpRequestMessage(HttpMethod.Post, "/operation")
        {
            Content = new StringContent(pad + "{\"operation\":5}", Encoding.UTF8, "application/json"),
            Headers = { TransferEncodingChunked = true },
        };
        using var chunked = await Bingo.SendAsync(unannounced);
        await ShouldBeProblemAsync(chunked, 413, "a body has 65536 bytes at most");
    }

    [Fact]
    public async Task An_operation_gives_the_same_result_every_time()
    {
        using var answer = await Bingo.PostAsync("/operation", "{\"operation\":5}");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await BingoProgram.TextAsync(answer)).ShouldBe("""{"operation":5,"result":88755713}""");
        using var negative = await Bingo.PostAsync("/operation", "{\"operation\":-2147483648}");
        negative.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_session_is_made_found_and_deleted()
    {
        using var made = await Bingo.PostAsync(
            "/api/session", """{"customer_id":7,"movie_id":9,"start_time":"2024-02-29T23:30:00+03:00"}""");
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        var session = JsonNode.Parse(await BingoProgram.TextAsync(made))!.AsObject();
        var place = $"/api/session/{session["id"]}";
        made.Headers.Location!.ToString().ShouldBe(place);
        ((string?)session["start_time"]).ShouldBe("2024-02-29T20:30:00Z");
        (await Bingo.JsonAsync(place)).ToJsonString().ShouldBe(session.ToJsonString());
        session["customer"]!.ToJsonString().ShouldBe((await Bingo.JsonAsync("/api/customer/7")).ToJsonString());
        session["movie"]!.ToJsonString().ShouldBe((await Bingo.JsonAsync("/api/movie/9")).ToJsonString());

        using var deleted = await Bingo.DeleteAsync(place);
        deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await BingoProgram.TextAsync(deleted)).ShouldBeEmpty();
        (await Bingo.StatusAsync(place)).ShouldBe(404);
        using var again = await Bingo.DeleteAsync(place);
        await ShouldBeProblemAsync(again, 404, "there is no session ");
    }

    [Fact]
    public async Task A_session_without_its_time_begins_now_and_one_of_nobody_is_refused()
    {
        using var made = await Bingo.PostAsync("/api/session", """{"customer_id":1,"movie_id":1}""");
        var session = JsonNode.Parse(await BingoProgram.TextAsync(made))!;
        ((DateTime)session["start_time"]!).ShouldBe(DateTimeOffset.UtcNow.UtcDateTime, s_clockSkew);
        using var deleted = await Bingo.DeleteAsync(made.Headers.Location!.ToString());
        deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using var nobody = await Bingo.PostAsync("/api/session", """{"customer_id":1000000,"movie_id":1}""");
        await ShouldBeProblemAsync(nobody, 422, "there is no customer 1000000, or no movie 1");
    }

    [Fact]
    public async Task A_request_keeps_its_id_and_is_logged_under_it()
    {
        var id = $"trace-{Guid.NewGuid():N}";
        using var asked = await SendAsync(id);
        asked.Headers.GetValues("x-request-id").ShouldBe([id]);
        asked.Headers.GetValues("x-server-instance").ShouldBe(["tested"]);
        await Eventually.IsAsync("it is logged", () =>
            Bingo.Log().Any(line => (string?)line["request_id"] == id));
        var line = Bingo.Log().Single(line => (string?)line["request_id"] == id);
        ((string?)line["event"], (string?)line["method"], (string?)line["path"], (int?)line["status"])
            .ShouldBe(("request", "GET", "/api/movie/1", 200));
        using var longest = await SendAsync(new string('x', 128));
        longest.Headers.GetValues("x-request-id").Single().Length.ShouldBe(128);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("<script>")]
    [InlineData("129")]
    public async Task A_request_with_a_bad_id_gets_a_new_one(string id)
    {
        using var answer = await SendAsync(id == "129" ? new string('x', 129) : id);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        MadeId().IsMatch(answer.Headers.GetValues("x-request-id").Single()).ShouldBeTrue();
    }

    [Fact]
    public async Task Head_answers_as_get_without_its_body()
    {
        foreach (var path in new[] { "/ping", "/api/session" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var answer = await Bingo.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await BingoProgram.TextAsync(answer)).ShouldBeEmpty();
        }
    }

    async Task<HttpResponseMessage> SendAsync(string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/movie/1");
        request.Headers.TryAddWithoutValidation("x-request-id", id);
        return await Bingo.SendAsync(request);
    }

    static async Task ShouldBeProblemAsync(HttpResponseMessage answer, int status, string detail)
    {
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("application/problem+json");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        answer.Headers.GetValues("x-server-instance").ShouldBe(["tested"]);
        var text = await BingoProgram.TextAsync(answer);
        var problem = JsonNode.Parse(text)!.AsObject();
        problem.Select(member => member.Key).ShouldBe(["type", "title", "status", "detail", "request_id"]);
        ((string?)problem["type"], (int?)problem["status"]).ShouldBe(("about:blank", status));
        ((string?)problem["title"]).ShouldNotBeNullOrEmpty();
        ((string?)problem["detail"])!.ShouldStartWith(detail);
        ((string?)problem["request_id"]).ShouldBe(answer.Headers.GetValues("x-request-id").Single());
        // Neither a stack trace nor the name of a type of ours.
        text.ShouldNotContain("   at ");
        text.ShouldNotContain("Bingo.");
        text.ShouldNotContain("Exception");
    }
}
