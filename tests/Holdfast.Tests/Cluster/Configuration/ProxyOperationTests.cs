using Holdfast.Cluster.Configuration;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class ProxyOperationTests
{
    const string Proxy = "pgproxy: { on: [n1, n2], primary: 5000, replicas: 5001, hold_timeout: 5s }";

    static ClusterFileReading Read(string proxy) => ClusterFileReader.Read(
        "holdfast.yml", ClusterFileReaderTests.Good.Replace(Proxy, proxy, StringComparison.Ordinal));

    [Fact]
    public void Who_looks_after_the_proxy_is_in_the_file()
    {
        var reading = Read("pgproxy: { on: [n1], pool: session, admin_users: [postgres], stats_users: [app], "
            + "metrics: 9187, drain_timeout: 20s, handover_timeout: 5min }");
        reading.Problems.ShouldBeEmpty();
        var operation = reading.File!.PgProxy!.Operation;
        operation.AdminUsers.ShouldBe(["postgres"]);
        operation.StatsUsers.ShouldBe(["app"]);
        (operation.Metrics, operation.DrainTimeout, operation.HandoverTimeout)
            .ShouldBe((9187, TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void Without_a_word_of_it_there_is_nothing_to_reach()
    {
        var operation = Read(Proxy).File!.PgProxy!.Operation;
        (operation.AdminUsers.IsEmpty, operation.Metrics).ShouldBe((true, null));
    }

    [Theory]
    [InlineData("pgproxy: { on: [n1], admin_users: [postgres] }", "'pgproxy.admin_users' needs 'pgproxy.pool'")]
    [InlineData("pgproxy: { on: [n1], primary: 5000, metrics: 5000 }", "port 5000 is used twice on n1")]
    [InlineData("pgproxy: { on: [n1], admin_user: [postgres] }", "admin_users")]
    public void What_does_not_fit_is_a_problem(string proxy, string problem) =>
        Read(proxy).Problems.Select(one => one.ToString()).ShouldHaveSingleItem().ShouldContain(problem);
}
