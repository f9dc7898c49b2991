using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class DynamicSettingsJsonTests
{
    [Fact]
    public void The_value_in_the_store_is_kept_untouched()
    {
        const string json = """{"ttl": 30, "slots": {"a": {"type": "physical"}}}""";

        var settings = DynamicSettingsJson.Read(json).ShouldNotBeNull();

        settings.Json.ShouldBe(json);
        settings.Ttl.ShouldBe(TimeSpan.FromSeconds(30));
        settings.LoopWait.ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Numbers_may_be_text_and_nulls_are_defaults()
    {
        var settings = DynamicSettingsJson.Read(
            """{"ttl":"5","loop_wait":10,"retry_timeout":null,"synchronous_node_count":2}""")!;

        settings.Ttl.ShouldBe(TimeSpan.FromSeconds(5));
        settings.LoopWait.ShouldBe(TimeSpan.FromSeconds(1), "1 s at a ttl below 20");
        settings.RetryTimeout.ShouldBe(TimeSpan.FromSeconds(10));
        settings.SynchronousNodeCount.ShouldBe(2);
    }

    [Theory]
    [InlineData(20, 10, 9, 1)]
    [InlineData(21, 10, 10, 1)]
    [InlineData(30, 10, 10, 10)]
    [InlineData(25, 10, 10, 5)]
    [InlineData(3, 10, 10, 1)]
    public void The_periods_fit_into_one_another(int ttl, int retry, int retryInForce, int loopWaitInForce)
    {
        var settings = DynamicSettingsJson.Read($$"""{"ttl":{{ttl}},"loop_wait":10,"retry_timeout":{{retry}}}""")!;

        settings.RetryTimeout.ShouldBe(TimeSpan.FromSeconds(retryInForce));
        settings.LoopWait.ShouldBe(TimeSpan.FromSeconds(loopWaitInForce));
    }

    [Theory]
    [InlineData("\"quorum\"", SynchronousMode.Quorum)]
    [InlineData("\"on\"", SynchronousMode.On)]
    [InlineData("true", SynchronousMode.On)]
    [InlineData("\"off\"", SynchronousMode.Off)]
    [InlineData("false", SynchronousMode.Off)]
    [InlineData("null", SynchronousMode.Off)]
    public void The_synchronous_mode_has_Patronis_words(string json, SynchronousMode mode) =>
        DynamicSettingsJson.Read($$"""{"synchronous_mode":{{json}}}""")!.SynchronousMode.ShouldBe(mode);

    [Fact]
    public void Parameters_become_PostgreSQLs_text()
    {
        var settings = DynamicSettingsJson.Read(
            """
            {"postgresql":{
              "use_pg_rewind":false,
              "parameters":{"a":true,"b":false,"c":5,"d":"x","e":null,"f":0.5},
              "pg_hba":["local all all trust"]}}
            """)!;

        settings.UsePgRewind.ShouldBeFalse();
        settings.Parameters.Select(pair => $"{pair.Key}={pair.Value}")
            .ShouldBe(["a=on", "b=off", "c=5", "d=x", "f=0.5"]);
        settings.PgHba.ShouldBe(["local all all trust"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"ttl\":")]
    public void A_text_that_is_no_object_is_nothing(string json) => DynamicSettingsJson.Read(json).ShouldBeNull();
}
