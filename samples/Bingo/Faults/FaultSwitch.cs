using System.Diagnostics;
using System.Threading.Channels;
using Bingo.Http;
using Bingo.Logging;
using Microsoft.AspNetCore.Http;

namespace Bingo.Faults;

/// <summary>Makes this instance fail on demand, to prove that it is healed. Orders act one after another. Safe from
/// every thread.</summary>
sealed class FaultSwitch(Journal journal, Func<ValueTask> lastWords, TimeProvider clock)
{
    const int OrdersMax = 4, AfterMsMax = 600_000, ForMsMax = 3_600_000;

    /// <summary>The answer to the order has to be out before the process is gone.</summary>
    static readonly TimeSpan s_dieGrace = TimeSpan.FromMilliseconds(50);

    static readonly string[] s_kinds = ["die", "hang", "error"];

    readonly Channel<FaultOrder> _orders = Channel.CreateBounded<FaultOrder>(OrdersMax);
    volatile TaskCompletionSource? _hanging;
    volatile bool _errs;

    public bool AnswersErrors => _errs;

    /// <summary>Waits as long as it hangs.</summary>
    public Task PassAsync(CancellationToken stop) =>
        _hanging is { } hanging ? hanging.Task.WaitAsync(stop) : Task.CompletedTask;

    /// <summary>Answers POST /fault, and then lets the order act.</summary>
    public async Task OrderAsync(HttpContext context)
    {
        var now = clock.GetTimestamp();
        if (await Bodies.ReadAsync(context, BingoJson.Default.FaultRequest) is not { } body)
            return;
        var (kind, after, lasts) = (Array.IndexOf(s_kinds, body.Kind), body.AfterMs ?? 0, body.ForMs ?? 0);
        if (kind < 0)
        {
            await Answers.ProblemAsync(context, 400, $"'kind' must be one of {string.Join(", ", s_kinds)}");
            return;
        }
        if (after is < 0 or > AfterMsMax || lasts is < 0 or > ForMsMax)
        {
            await Answers.ProblemAsync(
                context, 400, $"'after_ms' must be 0 to {AfterMsMax}, 'for_ms' 0 to {ForMsMax}");
            return;
        }
        context.Response.OnCompleted(() =>
        {
            _orders.Writer.TryWrite(new FaultOrder(
                (FaultKind)kind, now, TimeSpan.FromMilliseconds(after), TimeSpan.FromMilliseconds(lasts)));
            return Task.CompletedTask;
        });
        var answer = new FaultAnswer(s_kinds[kind], after, lasts);
        await Answers.JsonAsync(context, answer, BingoJson.Default.FaultAnswer, StatusCodes.Status202Accepted);
    }

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var order in _orders.Reader.ReadAllAsync(stop))
                await ActAsync(order, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The service ends.
        }
    }

    async Task ActAsync(FaultOrder order, CancellationToken stop)
    {
        var after = order.Kind is FaultKind.Die && order.After < s_dieGrace ? s_dieGrace : order.After;
        var rest = after - clock.GetElapsedTime(order.OrderedAt);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, clock, stop);
        Begin(order.Kind);
        journal.Warn("fault", $"the fault switch acts: {s_kinds[(int)order.Kind]}");
        if (order.Kind is FaultKind.Die)
        {
            await lastWords();
            using var self = Process.GetCurrentProcess();
            self.Kill();
            return;
        }
        await Task.Delay(order.For > TimeSpan.Zero ? order.For : Timeout.InfiniteTimeSpan, clock, stop);
        End();
        journal.Info("fault_over", "the fault is over");
    }

    void Begin(FaultKind kind)
    {
        _errs = kind is FaultKind.Error;
        if (kind is FaultKind.Hang)
            _hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    void End()
    {
        _errs = false;
        var hanging = _hanging;
        _hanging = null;
        hanging?.TrySetResult();
    }
}
