using System.CommandLine;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Login;
using Holdfast.Wiring;

namespace Holdfast.Commands;

static class NodeCommand
{
    public static Command Create()
    {
        var config = FileOptions.Config();
        var name = FileOptions.Name();
        var data = FileOptions.Data();
        var run = FileOptions.Run();
        var command = new Command("node", "Runs the supervisor of one host: everything the cluster file gives it.")
        {
            config, name, data, run,
        };
        command.SetAction(async (parsed, stop) =>
        {
            var errors = parsed.InvocationConfiguration.Error;
            if (FileOptions.OpenOurs(parsed.GetValue(config), "node", errors) is not { } open
                || FileOptions.Host(
                    parsed.GetRequiredValue(name), "node", open.File.Hosts.Select(host => host.Name), errors)
                    is not { } host
                || Secrets(open, errors) is not { } secrets
                || Variables(open, host, errors) is not { } variables)
                return ExitCodes.BadUsage;
            return await NodeWiring.RunAsync(
                open.File,
                await File.ReadAllTextAsync(open.Path, stop),
                host,
                Path.GetFullPath(parsed.GetRequiredValue(data)),
                Path.GetFullPath(parsed.GetRequiredValue(run)),
                NodeWiring.AgentYaml(secrets),
                UserList.Write(secrets.Passwords),
                variables,
                stop);
        });
        return command;
    }

    static ResolvedSecrets? Secrets(OpenFile open, TextWriter errors)
    {
        var secrets = ConfigFiles.ReadSecrets(open.Path, open.File);
        foreach (var problem in secrets.Problems)
            errors.WriteLine(problem);
        return secrets.Problems.IsEmpty ? secrets : null;
    }

    static ResolvedVariables? Variables(OpenFile open, NodeName host, TextWriter errors)
    {
        var variables = ConfigFiles.ReadAppVariables(open.Path, open.File, host);
        foreach (var problem in variables.Problems)
            errors.WriteLine(problem);
        return variables.Problems.IsEmpty ? variables : null;
    }
}
