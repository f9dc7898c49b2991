using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Instance;

public sealed class CopyProgressTests
{
    const long Mebibyte = 1024 * 1024;

    static readonly RunLimits Limits = new(
        TimeSpan.FromHours(1), Seconds(60), Seconds(600), new CrawlLimit(Seconds(300), 5 * Mebibyte));

    static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void A_copy_that_moves_nothing_has_stalled()
    {
        var progress = new CopyProgress(Limits, Seconds(0));
        progress.Look(10 * Mebibyte, Seconds(10)).ShouldBeNull();
        progress.Look(10 * Mebibyte, Seconds(70)).ShouldBeNull();
        progress.Look(10 * Mebibyte, Seconds(71)).ShouldNotBeNull().ShouldContain("stalled");
    }

    [Fact]
    public void Before_the_first_bytes_the_source_may_make_its_checkpoint()
    {
        var progress = new CopyProgress(Limits, Seconds(0));
        progress.Look(1000, Seconds(1)).ShouldBeNull();
        progress.Look(1000, Seconds(600)).ShouldBeNull();
        progress.Look(1000, Seconds(602)).ShouldNotBeNull().ShouldContain("stalled");
    }

    [Fact]
    public void A_copy_that_crawls_is_given_up()
    {
        var progress = new CopyProgress(Limits, Seconds(0));
        var (moved, second) = (Mebibyte, 0);
        string? why = null;
        while (why is null && second < 10_000)
            why = progress.Look(moved += 10_000, Seconds(++second));
        why.ShouldNotBeNull().ShouldContain("crawls");
        second.ShouldBe(300);
    }

    [Fact]
    public void A_slow_copy_goes_on()
    {
        var progress = new CopyProgress(Limits, Seconds(0));
        for (var second = 1; second < 10_000; second++)
            progress.Look(second * 20_000L, Seconds(second)).ShouldBeNull();
    }
}
