using System.CommandLine;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Proxies;

namespace Holdfast.Lab.Commands;

static class CrowdCommand
{
    public static Command Idle()
    {
        var series = new Option<string>("--series")
        {
            Description = "What the run is called in the results",
            DefaultValueFactory = _ => "alone",
        };
        var results = new Option<string?>("--results") { Description = "Append a line of JSON there" };
        var command = Create(
            "proxy-idle", "Measures what idle clients cost a PostgreSQL proxy", 10_000,
            (crowd, parsed, stop) => crowd.IdleAsync(
                PublishedPrograms.Find(), parsed.GetValue(series)!, parsed.GetValue(results), stop));
        command.Add(series);
        command.Add(results);
        return command;
    }

    public static Command Storm() => Create(
        "reconnect-storm", "All clients of a PostgreSQL proxy come back at once, after its server was lost", 5_000,
        (crowd, _, stop) => crowd.StormAsync(PublishedPrograms.Find(), stop));

    static Command Create(
        string verb, string meaning, int usual, Func<ClientCrowd, ParseResult, CancellationToken, Task<bool>> run)
    {
        const int most = 18_000; // A process may open 20,000 files on a small machine.
        var clients = new Option<int>("--clients") { Description = "How many", DefaultValueFactory = _ => usual };
        clients.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (> 0 and <= most))
                result.AddError($"--clients must be 1 to {most}");
        });
        var path = new Option<string>("--path")
        {
            Description = "Which proxy",
            DefaultValueFactory = _ => ProxyPath.HoldfastTransaction.Name,
        };
        var command = new Command(verb, meaning) { clients, path };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var proxy = ProxyPath.Named([parsed.GetValue(path)!])[0];
            var crowd = new ClientCrowd(proxy, parsed.GetValue(clients));
            try
            {
                return await run(crowd, parsed, interrupts.Graceful) ? 0 : 1;
            }
            catch (RefusedException refused)
            {
                // More sessions than servers, for one: each keeps its own.
                Console.WriteLine($"FAIL {proxy.Name}: a client was told {refused.Message}");
                return 1;
            }
        });
        return command;
    }
}
