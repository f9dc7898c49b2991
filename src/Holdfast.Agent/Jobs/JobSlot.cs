using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent.Jobs;

/// <summary>
/// The one piece of long work that may be under way. The loop starts it, sees it as a fact in every view, and takes its
/// result; it is never beside the loop unseen. Used by the loop's thread only.
/// </summary>
internal sealed class JobSlot(Func<TimeSpan> now, Action<string> nudge, ILogger log) : IDisposable
{
    CancellationTokenSource? _stop;
    Task<StepResult>? _work;
    Action<StepResult>? _then;
    string _name = "";
    TimeSpan _startedAt;

    public JobView? View => _work is null ? null : new JobView(_name, now() - _startedAt);

    /// <summary>Begins <paramref name="work"/>; <paramref name="then"/> gets the result, in a later turn of the
    /// loop.</summary>
    public void Start(
        string name, Func<CancellationToken, ValueTask<StepResult>> work, Action<StepResult> then,
            CancellationToken stop)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        (_name, _startedAt, _then) = (name, now(), then);
        _work = RunAsync(work, _stop.Token);
        _ = TellAsync(name, _work);
    }

    // When the result can be taken, and not before: the turn that finds the job still running waits for a nudge.
    async Task TellAsync(string name, Task work)
    {
        await work;
        nudge($"{name} ended");
    }

    static async Task<StepResult> RunAsync(Func<CancellationToken, ValueTask<StepResult>> work, CancellationToken stop)
    {
        try
        {
            return await work(stop);
        }
        catch (OperationCanceledException)
        {
            return StepResult.Failed("cancelled");
        }
        catch (Exception failure)
        {
            return StepResult.Failed(failure.ToString());
        }
    }

    /// <summary>Takes the result of a finished job, if there is one.</summary>
    public void Harvest()
    {
        if (_work is not { IsCompleted: true } work)
            return;
        // It has completed, and never throws.
        var result = work.GetAwaiter().GetResult();
        var elapsed = now() - _startedAt;
        var then = _then;
        Clear();
        if (result.Ok)
            log.JobDone(_name, elapsed.TotalMilliseconds);
        else
            log.JobFailed(_name, elapsed.TotalMilliseconds, result.Why);
        then?.Invoke(result);
    }

    /// <summary>Asks the job to end; its result is still harvested.</summary>
    public void Cancel() => _stop?.Cancel();

    void Clear()
    {
        _stop?.Dispose();
        (_stop, _work, _then) = (null, null, null);
    }

    public void Dispose()
    {
        Cancel();
        Clear();
    }
}
