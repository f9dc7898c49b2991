using Holdfast.Agent.Jobs;
using Holdfast.Postgres.Instance;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Jobs;

public sealed class JobSlotTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_loop_is_nudged_the_result_can_be_taken(bool atOnce)
    {
        var taken = new TaskCompletionSource<StepResult>();
        var nudged = new TaskCompletionSource<bool>();
        JobSlot? slot = null;
        // Where a job ends inside of Start, the loop takes its turn afterwards.
        using var jobs = slot = new JobSlot(() => TimeSpan.Zero, _ =>
        {
            slot!.Harvest();
            nudged.TrySetResult(taken.Task.IsCompleted);
        }, NullLogger.Instance);

        slot.Start(
            "work",
            async _ =>
            {
                if (!atOnce)
                    await Task.Yield();
                return StepResult.Done;
            },
            result => taken.TrySetResult(result),
            TestContext.Current.CancellationToken);

        (await nudged.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBeTrue();
        (await taken.Task).Ok.ShouldBeTrue();
        slot.View.ShouldBeNull();
    }
}
