using System.Diagnostics;
using System.Threading.Channels;
using Bingo.Http;
using Bingo.Logging;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bingo.Faults;

/// <summary>Makes this instance fail on demand, to prove that it is healed. Orders act one after another. Safe from
/// every thread.</summary>
sealed class FaultSwitch(Journal journal, Func<ValueTask> lastWords, TimeProvider clock)
{
    const int OrdersMax = 4, AfterMsMax = 600_000, ForMsMax = 3_600_000;

    /// <summary>For an answer on its way, whose client may be slow or gone.</summary>
    static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(1);

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
        var answered = (FaultKind)kind is FaultKind.Die ? WhenClosed(context) : Task.CompletedTask;
        context.Response.OnCompleted(() =>
        {
            _orders.Writer.TryWrite(new FaultOrder(
                (FaultKind)kind, now, TimeSpan.FromMilliseconds(after), TimeSpan.FromMilliseconds(lasts), answered));
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
        var rest = order.After - clock.GetElapsedTime(order.OrderedAt);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, clock, stop);
        await Task.WhenAny(order.Answered, Task.Delay(s_answerLimit, clock, stop));
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

    // Kestrel closes a connection when all of its output is sent; of an answer alone one does not hear that.
    static Task WhenClosed(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Features.GetRequiredFeature<IConnectionLifetimeFeature>()
            .ConnectionClosed.Register(() => closed.TrySetResult());
        return closed.Task;
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
