using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class HealthTests
{
    static SupervisorAnswer Answer(params ProgramStatus[] programs) => new() { Programs = [.. programs] };

    [Fact]
    public void Every_instance_of_an_app_has_to_be_healthy() => Health.MissingApps(
        ClusterFiles.WithApps(),
        "n1",
        Answer(
            new ProgramStatus("bingo", "starting", null, 0) { About = "being prepared" },
            new ProgramStatus("etcd", "failed", null, 9)))
        .ShouldBe(["bingo on n1 is starting (being prepared)", "feed on n1 is unknown"]);

    [Fact]
    public void An_app_that_is_ready_or_elsewhere_lacks_nothing() => Health.MissingApps(
        ClusterFiles.WithApps(), "n2", Answer(new ProgramStatus("bingo", "ready", 7, 3))).ShouldBeEmpty();

    [Fact]
    public void A_supervisor_that_is_silent_vouches_for_nobody() =>
        Health.MissingApps(ClusterFiles.WithApps(), "n2", answer: null).ShouldBe(["bingo on n2 is unknown"]);
}
