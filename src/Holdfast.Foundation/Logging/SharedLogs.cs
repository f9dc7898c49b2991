using Microsoft.Extensions.Logging;

namespace Holdfast.Foundation.Logging;

/// <summary>Lets a part with a container of its own (a web application) log through the role's one factory.</summary>
public sealed class SharedLogs(ILoggerFactory logs) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => logs.CreateLogger(categoryName);

    /// <summary>The factory is its creator's.</summary>
    public void Dispose()
    {
    }
}
