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
    /// <param name="whenFull">What happens to a line for which nobody makes room in time.</param>
    public static ILoggerFactory Create(
        string program, LogLevel least = LogLevel.Information, WhenFull whenFull = WhenFull.Drop) =>
        LoggerFactory.Create(builder =>
        {
            builder.SetMinimumLevel(least);
            // ASP.NET tells of every request; what matters of them, the roles say themselves.
            builder.AddFilter("Microsoft", LogLevel.Warning);
            builder.Services.AddSingleton<ConsoleFormatter>(new JsonLines(program, TimeProvider.System));
            builder.AddConsole(options =>
            {
                options.FormatterName = JsonLines.FormatterName;
                options.QueueFullMode = whenFull == WhenFull.Drop
                    ? ConsoleLoggerQueueFullMode.DropWrite
                    : ConsoleLoggerQueueFullMode.Wait;
            });
        });
}

/// <summary>What a log does when the reader of standard output does not keep up.</summary>
public enum WhenFull
{
    /// <summary>The line is lost: a reader that stopped reading must never hold up a role that keeps a lease.</summary>
    Drop,

    /// <summary>The writer waits: for a thread that does nothing else, and counts what it can't take.</summary>
    Wait,
}
