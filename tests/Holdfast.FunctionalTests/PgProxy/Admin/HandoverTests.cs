using System.Diagnostics;
using Holdfast.FunctionalTests.PgProxy.Pooled;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>One process takes the ports of another while clients come and go.</summary>
public sealed class HandoverTests(RealPostgres postgres) : PooledPostgres(postgres), IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("hfh").FullName;

    string Door => Path.Combine(_folder, "handover.sock");

    ProxySettings WithDoor(ProxySettings settings) =>
        settings with { HandoverPath = Door, HandoverTime = TimeSpan.FromMinutes(5), MetricsPort = 0 };

    [Fact]
    public async Task A_connection_for_each_transaction_notices_nothing()
    {
        var first = Start(PoolMode.Transaction, size: 4, adjust: WithDoor);
        var (port, metrics) = (first.PrimaryPort, first.Server.MetricsEndPoint!.Port);
        await PgbenchAsync(port, "-i -q -s 1");
        var bench = PgbenchAsync(port, "-n -S -C -c 4 -j 2 -t 250");
        var before = first;
        for (var upgrade = 0; upgrade < 3; upgrade++)
        {
            await Wait.UntilAsync(() => File.Exists(Door) && before.Server.Clients > 0, "clients have come");
            var former = await TakeAsync();
            var next = Start(PoolMode.Transaction, size: 4, adjust: WithDoor, former: former);
            next.PrimaryPort.ShouldBe(port);
            next.Server.MetricsEndPoint!.Port.ShouldBe(metrics);
            await before.Running;
            former.Dispose();
            before = next;
        }
        (await bench).ShouldContain("number of transactions actually processed: 1000/1000");
        before.Server.Clients.ShouldBe(0);
    }

    [Fact]
    public async Task Who_is_with_the_former_process_stays_there()
    {
        var first = Start(PoolMode.Transaction, adjust: WithDoor);
        await using var early = await OpenAsync(first.PrimaryPort);
        var pid = await Queries.AskAsync(early, "SELECT pg_backend_pid()");
        using var former = await TakeAsync();
        var next = Start(PoolMode.Transaction, adjust: WithDoor, former: former);
        await Wait.UntilAsync(() => first.Server.HasHandedOver, "the former process accepts no more");
        await using var late = await OpenAsync(first.PrimaryPort);
        next.Server.Clients.ShouldBe(1);
        (await Queries.AskAsync(early, "SELECT pg_backend_pid()")).ShouldBe(pid);
        first.Running.IsCompleted.ShouldBeFalse();
        await early.CloseAsync();
        await first.Running;
        await Queries.AskAsync(late, "SELECT 1");
    }

    [Fact]
    public async Task Nobody_to_take_over_from_is_an_error_that_says_so()
    {
        var nobody = Should.Throw<IOException>(() => Handover.Take(Path.Combine(_folder, "none.sock")));
        nobody.Message.ShouldContain("can't take over");
        await Task.CompletedTask;
    }

    // The door opens a moment after the first client can come.
    async Task<Handover> TakeAsync()
    {
        await Wait.UntilAsync(() => File.Exists(Door), "the door is there");
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return Handover.Take(Door);
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(began) < RawClient.Limit)
            {
                await Task.Yield();
            }
        }
    }

    static async Task<string> PgbenchAsync(int port, string arguments)
    {
        var start = new ProcessStartInfo(
            "sh", ["-c", $"pgbench -h 127.0.0.1 -p {port} -U postgres {arguments} postgres 2>&1"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment["PGPASSWORD"] = RealPostgres.Password;
        start.Environment["PGSSLMODE"] = "disable";
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync(Stop);
        await shell.WaitForExitAsync(Stop);
        shell.ExitCode.ShouldBe(0, output);
        return output;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
