using System.CommandLine;

namespace Holdfast.Commands;

static class ListCommand
{
    public static Command Create()
    {
        var config = FileOptions.Config();
        var format = new Option<string>("--output", "-o")
        {
            Description = "table or json; the fields of json are those of 'patronictl list -f json'.",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => "table",
        };
        format.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is var text and not ("table" or "json"))
                result.AddError($"--output is table or json, not '{text}'");
        });
        var command = new Command("list", "Lists the members of the cluster, read from etcd.") { config, format };
        command.SetAction((parsed, stop) => RunAsync(
            parsed.GetValue(config),
            parsed.GetRequiredValue(format) == "json",
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            stop));
        return command;
    }

    static async Task<int> RunAsync(
        string? config, bool json, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        if (FileOptions.OpenOurs(config, "list", errors) is not { File: var file })
            return ExitCodes.BadUsage;
        if (await StoreView.ReadAsync(file, errors, stop) is not { } view)
            return ExitCodes.Failed;
        var rows = MemberRow.Of(view, file.Cluster);
        await output.WriteAsync(json ? ListOutput.Json(rows) + "\n" : ListOutput.Table(view, rows, file.Cluster));
        return ExitCodes.Done;
    }
}
