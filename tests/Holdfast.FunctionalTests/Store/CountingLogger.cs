using Microsoft.Extensions.Logging;

namespace Holdfast.FunctionalTests.Store;

/// <summary>How much was said.</summary>
sealed class CountingLogger : ILogger
{
    int _count;

    public int Count => _count;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Interlocked.Increment(ref _count);
}
