using System.CommandLine;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Commands;

static class SchemaCommand
{
    public static Command Create()
    {
        var command = new Command("schema", "Prints the JSON Schema of the cluster file, for editors.");
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(ClusterFileReader.SchemaText.TrimEnd());
            return ExitCodes.Done;
        });
        return command;
    }
}
