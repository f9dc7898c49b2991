using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Sim.Checks;

namespace Holdfast.Sim.Servers;

/// <summary>Around the beginning and the planned end of a reign.</summary>
internal sealed partial class SimPostgres
{
    public async ValueTask<StepResult> FreshSegmentAsync(CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(5, 30), stop);
        return StepResult.Done;
    }

    /// <summary>Commits that wait for standbys are under way.</summary>
    public async ValueTask<StepResult> QuietAsync(TimeSpan apart, TimeSpan limit, CancellationToken stop)
    {
        await WaitAsync(apart, stop);
        return Server is { } server && await UntilAsync(() => Answers(server) && !server.HasWaiters, limit, stop)
            ? StepResult.Done
            : StepResult.Failed("not quiet");
    }

    public async ValueTask<StepResult> CheckpointAsync(CancellationToken stop)
    {
        await WaitAsync(_node.Slowly(_world.Rng.Between(20, 80)), stop);
        return Server is { } server && await UntilAsync(() => Answers(server), s_sqlLimit, stop)
            ? StepResult.Done
            : StepResult.Failed("no checkpoint");
    }

    public async ValueTask<StartFacts?> StartFactsAsync(CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(1, 4), stop);
        return Server is { State: PostgresState.Primary } server && Answers(server)
            ? new StartFacts(
                server.Pid, Data.Wal.Timeline,
                !server.StartsAsPrimary && Data.Wal.History() is { Switches: [.., var last] } ? last.Timeline
                    : Data.Wal.Timeline,
                null, "transactions have no numbers here")
            : null;
    }

    public async ValueTask<StepResult> BarrierAsync(TimeSpan limit, CancellationToken stop)
    {
        await WaitAsync(_world.Rng.Between(2, 6), stop);
        if (Server is not { State: PostgresState.Primary } server || !Answers(server))
            return StepResult.Failed("PostgreSQL does not answer");
        if (_world.Has(Mutation.BarrierNotWaitedFor))
            return StepResult.Done;
        var end = server.EmitBarrier();
        if (!await UntilAsync(() => !server.IsRunning || server.IsReleased(end), limit, stop) || !server.IsRunning)
            return StepResult.Failed("not acknowledged");
        server.HasPassedBarrier = true;
        return StepResult.Done;
    }
}
