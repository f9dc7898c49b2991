using Holdfast.Lab;
using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class DynamicConfigurationTests
{
    [Fact]
    public void Keys_descend_at_dots_and_values_are_json_or_text() => DynamicConfiguration
        .Patch(["early_takeover=true", "ttl=5", "postgresql.parameters.work_mem=4MB", "postgresql.use_slots=null"])
        .ToJsonString().ShouldBe(
            """{"early_takeover":true,"ttl":5,"postgresql":{"parameters":{"work_mem":"4MB"},"use_slots":null}}""");

    [Fact]
    public void A_line_without_a_key_is_refused() =>
        Should.Throw<LabException>(() => DynamicConfiguration.Patch(["=1"])).Message.ShouldContain("KEY=VALUE");
}
