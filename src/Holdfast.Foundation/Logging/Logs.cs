using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Holdfast.Foundation.Logging;

/// <summary>One line of JSON for each event, on standard output, for every role of the binary.</summary>
public static class Logs
{
    /// <summary>The caller disposes it, which writes what still waits.</summary>
    /// <param name="program">Stands in every line, such as <c>agent</c>.</param>
    /// <param name="least">What is less is not written.</param>
    public static ILoggerFactory Create(string program, LogLevel least = LogLevel.Information) =>
        LoggerFactory.Create(builder =>
        {
            builder.SetMinimumLevel(least);
            // ASP.NET tells of every request; what matters of them, the roles say themselves.
            builder.AddFilter("Microsoft", LogLevel.Warning);
            builder.Services.AddSingleton<ConsoleFormatter>(new JsonLines(program, TimeProvider.System));
            builder.AddConsole(options =>
            {
                options.FormatterName = JsonLines.FormatterName;
                // A reader that stopped reading must never hold up a role that keeps a lease.
                options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            });
        });
}
