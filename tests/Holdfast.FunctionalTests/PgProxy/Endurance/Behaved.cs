using Holdfast.FunctionalTests.PgProxy.Pooled;
using Shouldly;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>A client that keeps to the protocol, on the pool that the others attack, and checks each answer.</summary>
sealed class Behaved(int port, int number)
{
    public long Answers { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        var turn = 0;
        while (!stop.IsCancellationRequested)
        {
            using var client = await Talk.LoginAsync(port, "fuzz", "app");
            for (var uses = 0; uses < 100 && !stop.IsCancellationRequested; uses++)
            {
                await AskAsync(client, $"client {number} turn {turn++}");
                client.Forget();
            }
        }
    }

    async Task AskAsync(Talk client, string token)
    {
        (await client.SayAsync(Say.Query(token))).ShouldBe("TDCZI");
        client.LastValue.ShouldBe(token);
        (await client.SayAsync(
            Say.Parse("mine", token + "!"), Say.Describe("mine"), Say.Bind("mine"), Say.Execute(), Say.Close("mine"),
            Say.Sync)).ShouldBe("1tT2DC3ZI");
        client.LastValue.ShouldBe(token + "!");
        (await client.SayAsync(Say.Query("BEGIN"))).ShouldBe("CZT");
        (await client.SayAsync(Say.Parse("", token), Say.Bind(""), Say.Execute(), Say.Sync)).ShouldBe("12DCZT");
        client.LastValue.ShouldBe(token);
        (await client.SayAsync(Say.Query("COMMIT"))).ShouldBe("CZI");
        (await client.SayAsync(Say.Query("!"))).ShouldBe("EZI");
        Answers += 6;
    }
}
