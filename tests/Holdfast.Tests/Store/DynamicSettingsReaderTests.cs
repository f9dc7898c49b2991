using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class DynamicSettingsReaderTests
{
    [Fact]
    public void An_empty_object_is_Patronis_defaults()
    {
        var settings = DynamicSettingsReader.Read("{}")!;
        settings.ShouldBe(new DynamicSettings { PgHba = settings.PgHba, Parameters = settings.Parameters });
        DynamicSettingsReader.Read("[1]").ShouldBeNull();
        DynamicSettingsReader.Read("").ShouldBeNull();
        DynamicSettingsReader.Read(null).ShouldBeNull();
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

        var settings = DynamicSettingsReader.Read(json)!;

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
    [InlineData("true", SynchronousMode.On)]
    [InlineData("\"on\"", SynchronousMode.On)]
    [InlineData("\"Quorum\"", SynchronousMode.Quorum)]
    [InlineData("false", SynchronousMode.Off)]
    [InlineData("\"off\"", SynchronousMode.Off)]
    [InlineData("null", SynchronousMode.Off)]
    public void Synchronous_mode_has_three_values_in_many_words(string value, SynchronousMode mode) =>
        DynamicSettingsReader.Read($$"""{"synchronous_mode":{{value}}}""")!.SynchronousMode.ShouldBe(mode);

    [Theory]
    [InlineData(30, 10, 10, 30, 10, 10)]
    [InlineData(20, 2, 10, 20, 1, 9)]
    [InlineData(21, 2, 10, 21, 1, 10)]
    [InlineData(30, 10, 12, 30, 6, 12)]
    [InlineData(5, 10, 10, 5, 1, 10)]
    [InlineData(1, 1, 1, 2, 1, 3)]
    public void The_periods_are_made_to_fit(int ttl, int loop, int retry, int ttlThen, int loopThen, int retryThen)
    {
        var json = $$"""{"ttl":{{ttl}},"loop_wait":{{loop}},"retry_timeout":{{retry}}}""";
        var settings = DynamicSettingsReader.Read(json)!;
        (settings.Ttl.TotalSeconds, settings.LoopWait.TotalSeconds, settings.RetryTimeout.TotalSeconds)
            .ShouldBe((ttlThen, loopThen, retryThen));
    }

    [Fact]
    public void Absurd_values_do_no_harm() =>
        DynamicSettingsReader.Read("""{"ttl":9e99,"loop_wait":-5,"retry_timeout":"x","postgresql":7}""")
            .ShouldNotBeNull();
}
