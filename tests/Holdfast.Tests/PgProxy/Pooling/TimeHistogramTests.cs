using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class TimeHistogramTests
{
    [Fact]
    public void Each_observation_is_in_the_first_bucket_whose_edge_is_not_below_it()
    {
        var random = new Random(5);
        for (var round = 0; round < 10_000; round++)
        {
            var took = TimeSpan.FromTicks((long)Math.Pow(2, random.NextDouble() * 34));
            var histogram = new TimeHistogram();
            histogram.Observe(took);
            var expected = Enumerable.Range(0, TimeHistogram.Buckets)
                .First(bucket => took.TotalSeconds <= TimeHistogram.EdgeOf(bucket));
            histogram[expected].ShouldBe(1, $"{took.Ticks} ticks");
            histogram.Sum.ShouldBe(took);
        }
    }

    [Theory, InlineData(640, 0), InlineData(641, 1), InlineData(1280, 1), InlineData(1281, 2), InlineData(0, 0),
        InlineData(-5, 0)]
    public void An_edge_belongs_to_its_bucket(long ticks, int bucket)
    {
        var histogram = new TimeHistogram();
        histogram.Observe(TimeSpan.FromTicks(ticks));
        histogram[bucket].ShouldBe(1);
    }

    [Fact]
    public void A_transaction_begins_with_its_first_unit()
    {
        var (counts, clock) = (new PoolCounts(), new UnitClock());
        clock.Sent(0, false, At(1));
        clock.Sent(1, false, At(2));
        clock.Answered(counts, isInTransaction: true, At(4));
        clock.Sent(0, true, At(10));
        clock.Answered(counts, isInTransaction: false, At(11));
        (counts.Units, counts.Transactions).ShouldBe((2, 1));
        (counts.UnitTimes.Sum, counts.TransactionTimes.Sum).ShouldBe((At(4), At(10)));
    }

    static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);
}
