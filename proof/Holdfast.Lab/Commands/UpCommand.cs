using System.CommandLine;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Commands;

static class UpCommand
{
    static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(60);

    sealed record Request(LabRequest Lab, bool Detach, bool Json);

    public static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "The cluster file; else HOLDFAST_CONFIG, ./holdfast.yml, the sample",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var (name, output) = (Options.Name(), Options.Output());
        var publish = new Option<string>("--publish")
        {
            Description = "default: the file's ports, and 8080 for the edge; free: any",
            DefaultValueFactory = static _ => "default"
        };
        publish.AcceptOnlyFromAmong("default", "free");
        var disks = Disks();
        var detach = new Option<bool>("--detach") { Description = "Return once the cluster is healthy" };
        var command = new Command("up", "Starts the hosts of a file, waits until the cluster is healthy, and shows it")
        {
            file, name, publish, disks, detach, output,
        };
        command.SetAction((parsed, _) =>
        {
            var path = LabFile.Find(parsed.GetValue(file));
            var request = LabRequest.Of(path, parsed.GetValue(name)) with
            {
                FreePorts = parsed.GetValue(publish) is "free",
                DiskBytes = parsed.GetValue(disks) is { } size ? Hosts.Disks.Bytes(size) : null,
            };
            return RunAsync(new Request(request, parsed.GetValue(detach), parsed.GetValue(output) is "json"));
        });
        return command;
    }

    static Option<string?> Disks() => new("--disks")
    {
        Description = "Give each host a disk of its own of this size (4G), and etcd another: for faults of disks",
    };

    static async Task<int> RunAsync(Request request)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var interrupts = new Interrupts();
        var (state, already) = await LabUp.RunAsync(request.Lab, interrupts.Graceful);
        try
        {
            using var health = new Health(state, request.Lab.Cluster);
            var view = await health.WaitAsync(HealthLimit, interrupts.Graceful);
            var report = UpReport.Of(state, view, already, TimeProvider.System.GetElapsedTime(began));
            Print(report, request.Json);
            if (!view.IsWhole)
                return 1; // It stays, so that one can look: lab logs, lab down.
            if (request.Detach)
                return 0;
            await LiveView.ShowAsync(state, ends: !already, interrupts.Graceful);
        }
        catch (OperationCanceledException) when (interrupts.Graceful.IsCancellationRequested)
        {
            // Taken down below.
        }
        if (!already && interrupts.Graceful.IsCancellationRequested)
            await DownCommand.EndAsync(state.Lab, LabDown.Grace, interrupts.Forced);
        return 0;
    }

    static void Print(UpReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, LabJson.Default.UpReport));
            return;
        }
        foreach (var line in report.Lines())
            Console.WriteLine(line);
    }
}
