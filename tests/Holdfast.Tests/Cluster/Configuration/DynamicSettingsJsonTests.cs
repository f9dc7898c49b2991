using System.Text.Json.Nodes;
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
    [InlineData("\"quorum\"", SynchronousMode.Quorum)]
    [InlineData("\"Quorum\"", SynchronousMode.Quorum)]
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

    [Fact]
    public void An_empty_object_is_Patronis_defaults()
    {
        var settings = DynamicSettingsJson.Read("{}")!;
        settings.ShouldBe(new DynamicSettings { PgHba = settings.PgHba, Parameters = settings.Parameters });
        DynamicSettingsJson.Read("[1]").ShouldBeNull();
        DynamicSettingsJson.Read("").ShouldBeNull();
        DynamicSettingsJson.Read(null).ShouldBeNull();
    }

    [Fact]
    public void Known_settings_are_read_and_unknown_ones_kept()
    {
        const string json = """
            {"ttl":3,"loop_wait":10,"maximum_lag_on_failover":1,"synchronous_mode":"quorum","synchronous_node_count":2,
             "synchronous_mode_strict":"on","master_start_timeout":0,"failsafe_mode":true,
             "postgresql":{"use_pg_rewind":false,"use_slots":"no","pg_hba":["local all all trust",5],
             "parameters":{"max_connections":100,"ssl":true,"work_mem":"16MB","odd":null,"fraction":0.9}}}
            """;

        var settings = DynamicSettingsJson.Read(json)!;

        settings.Ttl.ShouldBe(TimeSpan.FromSeconds(3));
        settings.LoopWait.ShouldBe(TimeSpan.FromSeconds(1)); // Below a ttl of 20.
        settings.MaximumLagOnFailover.ShouldBe(1ul);
        settings.SynchronousMode.ShouldBe(SynchronousMode.Quorum);
        settings.SynchronousModeStrict.ShouldBeTrue();
        settings.SynchronousNodeCount.ShouldBe(2);
        settings.PrimaryStartTimeout.ShouldBe(TimeSpan.Zero);
        (settings.UsePgRewind, settings.UseSlots).ShouldBe((false, false));
        settings.PgHba.ShouldBe(["local all all trust"]);
        settings.Parameters.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["fraction"] = "0.9", ["max_connections"] = "100", ["ssl"] = "on", ["work_mem"] = "16MB",
        });
        settings.Json.ShouldBe(json);
    }

    [Theory]
    [InlineData(30, 10, 10, 30, 10, 10)]
    [InlineData(20, 2, 10, 20, 1, 9)]
    [InlineData(21, 2, 10, 21, 1, 10)]
    [InlineData(25, 10, 10, 25, 5, 10)]
    [InlineData(30, 10, 12, 30, 6, 12)]
    [InlineData(5, 10, 10, 5, 1, 10)]
    [InlineData(1, 1, 1, 2, 1, 3)]
    public void The_periods_are_made_to_fit(int ttl, int loop, int retry, int ttlThen, int loopThen, int retryThen)
    {
        var json = $$"""{"ttl":{{ttl}},"loop_wait":{{loop}},"retry_timeout":{{retry}}}""";
        var settings = DynamicSettingsJson.Read(json)!;
        (settings.Ttl.TotalSeconds, settings.LoopWait.TotalSeconds, settings.RetryTimeout.TotalSeconds)
            .ShouldBe((ttlThen, loopThen, retryThen));
    }

    [Fact]
    public void Pause_timeline_and_lag_are_read()
    {
        var settings = DynamicSettingsJson.Read(
            """{"pause":true,"check_timeline":"on","maximum_lag_on_syncnode":16}""")!;
        (settings.Pause, settings.CheckTimeline, settings.MaximumLagOnSyncNode).ShouldBe((true, true, 16ul));
        DynamicSettingsJson.Read("""{"maximum_lag_on_syncnode":-1}""")!.MaximumLagOnSyncNode.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"ttl":1}""", "'ttl' must be a whole number of at least 2, not 1")]
    [InlineData("""{"maximum_lag_on_syncnode":"x"}""",
        "'maximum_lag_on_syncnode' must be a whole number of at least -1, not \"x\"")]
    [InlineData("""{"pause":"maybe"}""", "'pause' must be true or false, not \"maybe\"")]
    [InlineData("""{"synchronous_mode":"any"}""", "'synchronous_mode' must be on, off or quorum, not \"any\"")]
    [InlineData("""{"postgresql":{"use_slots":3}}""", "'postgresql.use_slots' must be true or false, not 3")]
    [InlineData("""{"postgresql":{"parameters":[]}}""", "'postgresql.parameters' must be an object, not []")]
    [InlineData("""{"postgresql":{"pg_hba":[1]}}""", "'postgresql.pg_hba' must be a list of lines, not [1]")]
    [InlineData("""{"postgresql":1}""", "'postgresql' must be an object, not 1")]
    public void A_bad_value_is_told_in_the_operators_words(string json, string problem) =>
        DynamicSettingsJson.Problems(JsonNode.Parse(json)!.AsObject()).ShouldBe([problem]);

    [Fact]
    public void Unknown_keys_nulls_and_numbers_as_text_are_no_problem() =>
        DynamicSettingsJson.Problems(JsonNode.Parse(
            """{"slots":{"a":null},"ttl":"5","pause":null,"synchronous_mode":true}""")!.AsObject()).ShouldBeEmpty();

    [Fact]
    public void Absurd_values_do_no_harm() =>
        DynamicSettingsJson.Read("""{"ttl":9e99,"loop_wait":-5,"retry_timeout":"x","postgresql":7}""")
            .ShouldNotBeNull();
}
