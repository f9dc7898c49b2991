using Holdfast.Agent;
using Holdfast.Agent.Configuration;
using Holdfast.Foundation.Logging;
using Holdfast.Postgres.Instance;
using Holdfast.Store.Etcd;
using Microsoft.Extensions.Logging;

namespace Holdfast.Wiring;

/// <summary>The parts of <c>holdfast agent</c>, put together.</summary>
static class AgentWiring
{
    /// <summary>Exit codes: 0 stopped as asked, 1 it could not run, 2 the file is wrong.</summary>
    const int Stopped = 0, Refused = 1, BadFile = 2;

    /// <param name="path">A Patroni YAML, or the file that the supervisor wrote.</param>
    /// <param name="stop">SIGTERM or Ctrl+C: PostgreSQL is stopped, and the lock released.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string path, CancellationToken stop)
    {
        if (!File.Exists(path))
            return await SayAsync(BadFile, $"{path}: no such file; expected a Patroni YAML");
        var reading = AgentFile.Read(path, await File.ReadAllTextAsync(path, stop), Environment.GetEnvironmentVariable);
        if (reading.Settings is not { } settings)
            return await SayAsync(BadFile, string.Join(Environment.NewLine, reading.Problems));
        using var logs = Logs.Create("agent");
        var log = logs.CreateLogger<HaAgent>();
        foreach (var warning in reading.Warnings)
            log.FileWarning(warning.ToString());
        Directory.CreateDirectory(settings.StateDirectory);
        var endpoints = settings.Etcd.Select(endpoint => endpoint.ToString()).ToArray();
        using var store = new EtcdStore([.. endpoints], new EtcdClientSettings(), log);
        await using var postgres = new PostgresInstance(settings.Postgres, logs.CreateLogger<PostgresInstance>());
        try
        {
            await using var agent = new HaAgent(
                settings, store, new Heartbeat([.. endpoints]), postgres, postgres.Cgroup?.Path, log);
            await agent.RunAsync(stop);
            return Stopped;
        }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return await SayAsync(Refused, refused.Message);
        }
    }

    static async Task<int> SayAsync(int code, string problem)
    {
        await Console.Error.WriteLineAsync($"holdfast agent: {problem}");
        return code;
    }
}

static partial class WiringLog // ids 100 to 199
{
    [LoggerMessage(101, LogLevel.Warning, "{Warning}")]
    public static partial void FileWarning(this ILogger log, string warning);
}
