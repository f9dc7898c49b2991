using System.Net.Sockets;
using Holdfast.Edge.Backends;
using Holdfast.Edge.Health;
using Holdfast.Edge.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Forwarding;

/// <summary>Takes a request to an instance and its answer back: screen, pick, try, decide, pass on.</summary>
internal sealed class Forwarder(
    RouteTable routes, Pools pools, EdgeMetrics metrics, TimeProvider clock, ILogger log)
{
    /// <summary>Answers the request, or resets its connection. A fault of client or instance throws nothing.</summary>
    public async Task ServeAsync(Exchange exchange)
    {
        if (Screen(exchange) is { } problem)
            await FailAsync(exchange, problem);
        else
            await ForwardAsync(exchange, pools.Of(exchange.Route!));
    }

    /// <summary>What can be said without an instance; null: it may be forwarded.</summary>
    Problem? Screen(Exchange exchange)
    {
        var context = exchange.Context;
        if (HttpMethods.IsConnect(context.Request.Method) || HttpMethods.IsTrace(context.Request.Method))
            return Problem.BadMethod;
        if (ForwardedRequest.Target(context) is null)
            return Problem.BadTarget;
        exchange.Route = routes.Match(context.Request.Path.Value ?? "/");
        if (exchange.Route is not { } route)
            return Problem.NoRoute;
        // Other protocols are only an offer, which one may leave unanswered (RFC 9110, 7.8).
        if (context.Request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase))
            return Problem.Upgrade;
        if (exchange.Body.Length > route.Settings.BodyMax)
            return Problem.TooLarge;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = route.Settings.BodyMax;
        return null;
    }

    async Task ForwardAsync(Exchange exchange, Pool pool)
    {
        var problem = Problem.NoInstance;
        while (pool.Pick(exchange.Route!, exchange.Tried) is { } instance)
        {
            exchange.Try(instance);
            using var attempt = new Attempt(exchange, instance);
            var result = await SendAsync(attempt);
            using var answer = result.Answer;
            if (result.Ending == Ending.Stale)
                exchange.TakeBack(instance);
            var next = RetryRules.Decide(new RetryFacts(
                result.Ending, exchange.IsSafe, exchange.Body.CanReplay,
                pool.HasAnother(exchange.Route!, exchange.Tried), exchange.Attempts, exchange.StaleConnections));
            Learn(exchange, result, next);
            switch (next)
            {
                case NextStep.PassOn:
                    await PassOnAsync(exchange, attempt, answer!);
                    return;
                case NextStep.Fail:
                    await FailAsync(exchange, ProblemOf(exchange, result.Ending));
                    return;
                case NextStep.Forget:
                    (exchange.Status, exchange.Failure) = (Exchange.ClientGoneStatus, "client_gone");
                    return;
                case NextStep.TryAnother or NextStep.TryAgain:
                    problem = ProblemOf(exchange, result.Ending); // Should nobody be left after all.
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"{next}");
            }
        }
        await FailAsync(exchange, problem);
    }

    readonly record struct Result(Ending Ending, HttpResponseMessage? Answer, string Why);

    async Task<Result> SendAsync(Attempt attempt)
    {
        var exchange = attempt.Exchange;
        attempt.Enter();
        attempt.Allow(exchange.Route!.Settings.Timeout);
        HttpResponseMessage? answer = null;
        attempt.Instance.Wait(attempt);
        try
        {
            using var request = ForwardedRequest.Create(exchange, attempt, clock);
            if (request.Content is null)
                attempt.RequestSent(clock.GetTimestamp());
            answer = await attempt.Instance.Client.SendAsync(request, attempt.Cancelled);
        }
        catch (Exception failed) when (
            failed is HttpRequestException or IOException or SocketException or OperationCanceledException
                or ObjectDisposedException)
        {
            return new Result(Endings.Of(attempt, failed), Answer: null, Endings.Why(attempt, failed));
        }
        finally
        {
            attempt.Instance.WaitNoMore(attempt);
        }
        if (!attempt.TryBeginAnswer())
        {
            answer.Dispose();
            return new Result(Ending.TakenOut, Answer: null, "it went out of rotation");
        }
        var status = (int)answer.StatusCode;
        return status == StatusCodes.Status101SwitchingProtocols
            ? new Result(Ending.Broken, answer, "it switched protocols, which nobody asked for")
            : new Result(
                PassiveHealth.IsFailure(status) ? Ending.AnsweredFailure : Ending.Answered,
                answer, $"answered {status}");
    }

    void Learn(Exchange exchange, in Result result, NextStep next)
    {
        var (route, instance) = (exchange.Route!, exchange.Instance!);
        var isFailure = RetryRules.IsInstanceFailure(result.Ending);
        if (isFailure && instance.Learn(route, isFailure: true))
            log.PassedOver(instance, route.Path, route.Settings.MaxFails, route.Settings.FailTimeout.TotalSeconds,
                result.Why);
        else if (result.Ending == Ending.Answered)
            instance.Learn(route, isFailure: false);
        if (result.Ending is Ending.Answered or Ending.ClientGone or Ending.BodyFailed)
            return;
        if (next is NextStep.TryAnother or NextStep.TryAgain)
            metrics.Retried(route.Path, instance.Host, Endings.Word(result.Ending));
        if (result.Ending != Ending.AnsweredFailure)
            log.AttemptFailed(exchange.Id, instance, result.Why, next);
        else if (next == NextStep.PassOn)
            exchange.Failure = Endings.Word(result.Ending);
    }

    async Task PassOnAsync(Exchange exchange, Attempt attempt, HttpResponseMessage answer)
    {
        try
        {
            Answer.PassHead(exchange, answer);
            await Answer.PassBodyAsync(exchange, attempt, answer);
        }
        catch (Exception) when (exchange.ClientGone.IsCancellationRequested)
        {
            (exchange.Status, exchange.Failure) = (Exchange.ClientGoneStatus, "client_gone");
        }
        catch (Exception broken) when (
            broken is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException)
        {
            exchange.Instance!.Learn(exchange.Route!, isFailure: true);
            log.AnswerBroke(exchange.Id, exchange.Instance, exchange.BytesSent, Endings.Why(attempt, broken));
            if (!exchange.Context.Response.HasStarted)
            {
                exchange.Context.Response.Clear();
                await FailAsync(exchange, Problem.BrokenAnswer);
                return;
            }
            exchange.Failure = "answer_broke";
            // A reset: an end would look like a whole answer where no length was told.
            exchange.Context.Abort();
        }
    }

    static Problem ProblemOf(Exchange exchange, Ending ending) => ending switch
    {
        Ending.NotConnected or Ending.Stale => Problem.NotConnected,
        Ending.TimedOut => Problem.TimedOut,
        Ending.BodyFailed when exchange.Body.Refusal is { } refusal =>
            refusal.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Problem.TooLarge
                : new Problem(refusal.StatusCode, "bad_body", refusal.Message),
        Ending.BodyFailed => new Problem(StatusCodes.Status400BadRequest, "bad_body", "the body could not be read"),
        _ => Problem.BrokenAnswer,
    };

    static async Task FailAsync(Exchange exchange, Problem problem)
    {
        exchange.Failure = problem.Reason;
        await problem.WriteAsync(exchange.Context, exchange.Id);
    }
}
