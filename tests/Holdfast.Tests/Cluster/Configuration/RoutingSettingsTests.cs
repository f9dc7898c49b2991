using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class RoutingSettingsTests
{
    const string Proxy = "pgproxy: { on: [n1, n2], primary: 5000, replicas: 5001, hold_timeout: 5s }";

    const string Patroni = """
        cluster: films
        hosts: { n1: 10.77.0.11, n2: 10.77.0.12 }
        pgproxy: { on: [n1], replicas: 5001, patroni: ["http://10.0.0.1:8008", "https://db2:8008/"] }
        """;

    [Fact]
    public void Replicas_have_weights_and_a_limit()
    {
        var routing = Read(With("weights: { n1: 2, n3: 0 }, lag_limit: 16MB, fallback: false")).Routing;
        routing.Weights.ShouldBe([new(new NodeName("n1"), 2), new(new NodeName("n3"), 0)]);
        (routing.LagLimit, routing.Fallback, routing.Patroni.Length).ShouldBe((16L << 20, false, 0));
    }

    [Fact]
    public void Without_them_all_replicas_are_alike()
    {
        var routing = Read(ClusterFileReaderTests.Good).Routing;
        (routing.Weights.Count, routing.LagLimit, routing.Fallback, routing.Patroni.Length)
            .ShouldBe((0, null, true, 0));
    }

    [Theory]
    [InlineData("weights: { n1: 1001 }", "'pgproxy.weights.n1' must be between 0 and 1000, not 1001")]
    [InlineData("weights: { n4: 1 }",
        "'pgproxy.weights' names n4, where no PostgreSQL runs; expected one of n1, n2, n3")]
    [InlineData("lag_limit: 16M",
        "'pgproxy.lag_limit' has the unknown unit 'M' in '16M'; expected one of B, kB, MB, GB, TB")]
    [InlineData("fallback: maybe", "'pgproxy.fallback' must be true or false")]
    [InlineData("patroni: [10.0.0.1:8008]",
        "'pgproxy.patroni' must be an address such as http://10.77.0.5:8008, not '10.0.0.1:8008'")]
    public void What_is_wrong_is_told(string keys, string problem) =>
        Problems(With(keys)).ShouldContain(told => told.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void They_need_the_replica_port() =>
        Problems(With("weights: { n1: 1 }").Replace("replicas: 5001, ", "", StringComparison.Ordinal))
            .ShouldContain(told => told.EndsWith("'pgproxy.weights' needs the port 'pgproxy.replicas'"));

    [Fact]
    public void A_cluster_of_Patronis_needs_neither_etcd_nor_postgres()
    {
        var file = ClusterFileReader.Read("holdfast.yml", Patroni);
        file.Problems.ShouldBeEmpty();
        file.File!.PgProxy!.Routing.Patroni.ShouldBe(["http://10.0.0.1:8008", "https://db2:8008/"]);
        (file.File.Postgres.On.Length, file.File.EtcdEndpoints().Length).ShouldBe((0, 0));
    }

    [Fact]
    public void Its_members_have_names_of_their_own() =>
        Read(Patroni.Replace("replicas: 5001,", "replicas: 5001, weights: { pg-a: 3 },", StringComparison.Ordinal))
            .Routing.Weights.Keys.ShouldBe([new NodeName("pg-a")]);

    [Fact]
    public void It_can_not_be_beside_one_that_the_file_runs() =>
        Problems(With("""patroni: ["http://10.0.0.1:8008"]""")).ShouldContain(told => told.EndsWith(
            "'postgres' can't be beside 'pgproxy.patroni': that cluster is run by Patroni, not by this file"));

    [Fact]
    public void Apps_need_etcd_all_the_same() =>
        Problems(Patroni + "\napps: { web: { on: [n1], command: [/bin/web] } }\n")
            .ShouldContain(told => told.EndsWith("'apps' needs 'etcd'"));

    [Theory, InlineData("etcd"), InlineData("postgres")]
    public void Without_it_both_sections_are_required(string section) => Problems(string.Join(
            '\n', Patroni.Split('\n').Where(line => !line.StartsWith("pgproxy", StringComparison.Ordinal))))
        .ShouldContain(told => told.EndsWith($"missing key '{section}'"));

    [Fact]
    public void A_misspelt_section_is_not_missing_too() =>
        Problems(ClusterFileReaderTests.Good.Replace("etcd: {", "ectd: {", StringComparison.Ordinal))
            .ShouldNotContain(told => told.Contains("missing key"));

    static string With(string keys) =>
        ClusterFileReaderTests.Good.Replace(Proxy, Proxy.Replace(" }", $", {keys} }}", StringComparison.Ordinal),
            StringComparison.Ordinal);

    static PgProxySettings Read(string text)
    {
        var reading = ClusterFileReader.Read("holdfast.yml", text);
        reading.Problems.ShouldBeEmpty();
        return reading.File!.PgProxy!;
    }

    static string[] Problems(string text) =>
        [.. ClusterFileReader.Read("holdfast.yml", text).Problems.Select(problem => problem.ToString())];
}
