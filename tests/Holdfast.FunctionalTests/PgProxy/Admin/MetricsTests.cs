using System.Globalization;
using System.Net;
using System.Text;
using Holdfast.FunctionalTests.PgProxy.Pooled;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>What Prometheus and SHOW STATS are told.</summary>
public sealed class MetricsTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Labels = "port=\"primary\",database=\"postgres\",user=\"postgres\"";

    [Fact]
    public async Task Units_and_transactions_are_counted_once()
    {
        var proxy = Start(PoolMode.Transaction, size: 2, adjust: settings => settings with { MetricsPort = 0 });
        await using var client = await OpenAsync(proxy.PrimaryPort, "No Reset On Close=true");
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        var before = await PageAsync(proxy);
        for (var turn = 0; turn < 3; turn++)
            await Queries.AskAsync(client, "SELECT 1");
        await using (var transaction = await client.BeginTransactionAsync(Stop))
        {
            await Queries.AskAsync(client, "SELECT 2");
            await transaction.CommitAsync(Stop);
        }
        await Queries.AskAsync(client, "SET work_mem = '5MB'");
        var after = await PageAsync(proxy);
        // Npgsql sends BEGIN together with the first statement.
        (Value(after, "units_total") - Value(before, "units_total")).ShouldBeInRange(6, 7);
        (Value(after, "transactions_total") - Value(before, "transactions_total")).ShouldBe(5);
        Value(after, "unit_seconds_count").ShouldBe(Value(after, "units_total"));
        Value(after, "transaction_seconds_count").ShouldBe(Value(after, "transactions_total"));
        Value(after, "unit_seconds_bucket", ",le=\"+Inf\"").ShouldBe(Value(after, "units_total"));
        Value(after, "sessions_pinned_total", ",reason=\"setting\"").ShouldBe(1);
        Value(after, "sessions_pinned").ShouldBe(1);
        Value(after, "servers", ",state=\"active\"").ShouldBe(1);
        Value(after, "server_logins_total").ShouldBe(1);
        Value(after, "client_bytes_total").ShouldBeGreaterThan(Value(before, "client_bytes_total"));
        after.ShouldContain("holdfast_pgproxy_paused 0");
        after.ShouldContain("holdfast_pgproxy_held_clients{port=\"primary\"} 0");
        after.ShouldContain("holdfast_pgproxy_connections_total{port=\"primary\"}");

        var stats = (await ConsoleTests.RowsAsync(console, "SHOW STATS"))[0];
        ((long)stats["total_query_count"]).ShouldBe((long)Value(after, "units_total"));
        ((long)stats["total_xact_count"]).ShouldBe((long)Value(after, "transactions_total"));
    }

    [Fact]
    public async Task Who_waits_is_in_the_histogram_of_waits()
    {
        var proxy = Start(PoolMode.Transaction, size: 1, adjust: settings => settings with { MetricsPort = 0 });
        await using var holder = await OpenAsync(proxy.PrimaryPort);
        await using var waiter = await OpenAsync(proxy.PrimaryPort);
        await using var transaction = await holder.BeginTransactionAsync(Stop);
        await Queries.AskAsync(holder, "SELECT 1");
        var before = Value(await PageAsync(proxy), "wait_seconds_count");
        var waiting = Queries.AskAsync(waiter, "SELECT 1");
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await ConsoleTests.UntilAsync(console, "SHOW POOLS", rows => rows[0]["cl_waiting"] is 1);
        Value(await PageAsync(proxy), "clients", ",state=\"waiting\"").ShouldBe(1);
        await transaction.CommitAsync(Stop);
        await waiting;
        Value(await PageAsync(proxy), "wait_seconds_count").ShouldBe(before + 1);
    }

    [Fact]
    public async Task A_proxy_without_pools_tells_its_own()
    {
        await using var proxy = new ProxyUnderTest(adjust: settings => settings with { MetricsPort = 0 });
        (await PageAsync(proxy)).ShouldNotContain("holdfast_pgproxy_pool_");
    }

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found")]
    [InlineData("POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed")]
    [InlineData("hello\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    public async Task Its_port_speaks_as_much_HTTP_as_it_needs(string request, string status)
    {
        await using var proxy = new ProxyUnderTest(adjust: settings => settings with { MetricsPort = 0 });
        using var client = await RawClient.ConnectAsync(proxy.Server.MetricsEndPoint!.Port);
        await client.SendAsync(Encoding.ASCII.GetBytes(request));
        Encoding.ASCII.GetString(await client.ReadAsync(status.Length)).ShouldBe(status);
    }

    static async Task<string> PageAsync(ProxyUnderTest proxy)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://{proxy.Server.MetricsEndPoint}/metrics"), Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        return await answer.Content.ReadAsStringAsync(Stop);
    }

    static double Value(string page, string name, string more = "")
    {
        var start = $"holdfast_pgproxy_pool_{name}{{{Labels}{more}}} ";
        var line = page.Split('\n').Single(line => line.StartsWith(start, StringComparison.Ordinal));
        return double.Parse(line[start.Length..], CultureInfo.InvariantCulture);
    }
}
