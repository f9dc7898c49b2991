using System.CommandLine;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Relays;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Commands;

/// <summary>From arguments to an exit code: 0 done, 1 failed, and for <c>exec</c> the command's own.</summary>
static class Entry
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        try
        {
            return await DispatchAsync(arguments);
        }
        catch (LabException failure)
        {
            await Console.Error.WriteLineAsync($"lab: {failure.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("lab: interrupted");
            return 130;
        }
    }

    static Task<int> DispatchAsync(string[] arguments) => arguments switch
    {
        // The lab's own processes: no command line is parsed, so that a host is up a tenth of a second sooner.
        [HostInit.Verb, ..] => HostInit.RunAsync(arguments),
        [Relay.Verb, ..] => Relay.RunAsync(arguments),
        [DirectWriters.Verb, ..] => DirectWriters.ServeAsync(arguments),
        _ => CommandLineAsync(arguments),
    };

    static Task<int> CommandLineAsync(string[] arguments)
    {
        var root = new RootCommand("Real hosts of a cluster file on this machine, and real faults. Needs root.")
        {
            UpCommand.Create(),
            DownCommand.Create(),
            StatusCommand.Create(),
            LogsCommand.Create(),
            ExecCommand.Create(),
            FaultCommand.Create(),
            TrafficCommand.Create(),
            LoadCommand.Create(),
            MeasureCommand.Create(),
            RivalsCommand.Create(),
            ProxiesCommand.Create(),
            CrowdCommand.Idle(),
            CrowdCommand.Storm(),
            CheckCommand.Create(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count == 0 && parsed.Action is System.CommandLine.Invocation.AsynchronousCommandLineAction
            && Native.EffectiveUser() != 0)
            throw new LabException("namespaces, bridges and cgroups need root: sudo ./lab …");
        // Signals are the verbs' own affair: once is a request, twice is an order.
        return parsed.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }
}
