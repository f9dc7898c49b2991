using System.CommandLine;
using Holdfast.Cluster.Model;

namespace Holdfast.Commands;

static class SwitchoverCommand
{
    public static Command Create()
    {
        var config = FileOptions.Config();
        var leader = new Option<string?>("--leader")
        {
            Description = "The member that leads now; refused when it does not. Default: whoever leads.",
            HelpName = "NAME",
        };
        var candidate = new Option<string?>("--candidate")
        {
            Description = "The member that shall lead. Default: the best of those that lose nothing.",
            HelpName = "NAME",
        };
        var force = new Option<bool>("--force") { Description = "Don't ask." };
        var command = new Command("switchover",
            "Moves the primary to another member without losing a commit. Exit code 1: refused, failed or unknown.")
        {
            config, leader, candidate, force,
        };
        command.SetAction((parsed, stop) => RunAsync(
            parsed.GetValue(config),
            new(parsed.GetValue(leader), parsed.GetValue(candidate), parsed.GetValue(force)),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            stop));
        return command;
    }

    sealed record Wish(string? Leader, string? Candidate, bool Force);

    static async Task<int> RunAsync(
        string? config, Wish wish, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        if (FileOptions.OpenOurs(config, "switchover", errors) is not { File: var file })
            return ExitCodes.BadUsage;
        if (await StoreView.ReadAsync(file, errors, stop) is not { } view)
            return ExitCodes.Failed;
        if ((wish.Leader ?? view.Leader?.Holder.Value) is not { } leader)
        {
            await errors.WriteLineAsync($"holdfast switchover: cluster {file.Cluster} has no leader");
            return ExitCodes.Failed;
        }
        if (!wish.Force)
        {
            if (Console.IsInputRedirected)
            {
                await errors.WriteLineAsync("holdfast switchover: there is nobody to ask; say --force");
                return ExitCodes.BadUsage;
            }
            await output.WriteAsync(ListOutput.Table(view, MemberRow.Of(view, file.Cluster), file.Cluster));
            if (!await ConfirmAsync(file.Cluster, leader, wish.Candidate, output, stop))
                return ExitCodes.Failed;
        }
        using var call = new SwitchoverCall(view);
        var (code, text) = await call.SendAsync(leader, wish.Candidate, stop);
        await (code == 200 ? output : errors).WriteLineAsync(text);
        return code == 200 ? ExitCodes.Done : ExitCodes.Failed;
    }

    static async Task<bool> ConfirmAsync(
        string cluster, string leader, string? candidate, TextWriter output, CancellationToken stop)
    {
        var target = candidate ?? "the best candidate";
        await output.WriteAsync($"Move the primary of {cluster} from {leader} to {target}? [y/N]: ");
        var answer = await Console.In.ReadLineAsync(stop);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
