using Bingo.Configuration;
using Bingo.Data;
using Bingo.Faults;
using Bingo.Http;
using Bingo.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Bingo.Commands;

/// <summary>Serves until SIGTERM or SIGINT. It listens at once, whether or not there is a database.</summary>
static class RunServer
{
    /// <summary>At hand at once: Npgsql keeps a thread for each query that it tells a frozen server to cancel, and a
    /// pool that grows by one or two threads a second would stop answering anybody.</summary>
    const int ThreadsAtHand = 64;

    public static async Task<int> RunAsync(BingoSettings settings, string configFile, TextWriter errors)
    {
        ThreadPool.SetMinThreads(ThreadsAtHand, ThreadsAtHand);
        JsonLog log;
        try
        {
            log = JsonLog.Open(settings.Log, settings.InstanceName, TimeProvider.System);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync(
                $"bingo cannot write its log file {settings.Log}: {failure.Message.TrimEnd('.')}. It is named by the "
                + $"key 'log' of {configFile}; file and folder must be writable for user {Environment.UserName}.");
            return ExitCodes.LogFile;
        }
        await using (log)
            return await ServeAsync(settings, log, new Journal(log, errors));
    }

    static async Task<int> ServeAsync(BingoSettings settings, JsonLog log, Journal journal)
    {
        var clock = TimeProvider.System;
        await using var database = new Database(settings.Postgres, journal, clock);
        await using var watch = new DatabaseWatch(settings.Postgres, database, journal, clock);
        using var lists = new Lists(database, clock);
        var faults = new FaultSwitch(journal, log.DisposeAsync, clock);
        await using var app = WebServer.Create(
            settings.Listen,
            new Envelope(settings.InstanceName, faults, journal, clock),
            new Api(
                new Catalogue(database), lists, watch, settings.Faults ? faults : null, new Computation(clock)));
        try
        {
            await app.StartAsync();
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            var (host, port) = (settings.Listen.Host, settings.Listen.Port);
            var why = (failure.GetBaseException() as System.Net.Sockets.SocketException ?? failure).Message;
            journal.Warn("not_listening", $"cannot listen on {host}:{port}: {why.TrimEnd('.')}");
            return ExitCodes.Failed;
        }
        journal.Info("listening", $"version {CommandLine.Version} listens on {WebServer.Address(app)}");
        using var ending = new CancellationTokenSource();
        var beside = Task.WhenAll(watch.RunAsync(ending.Token), faults.RunAsync(ending.Token));
        await EndAsync(app, journal);
        await ending.CancelAsync();
        await beside;
        journal.Info("stopped", "stopped");
        return ExitCodes.Done;
    }

    static async Task EndAsync(WebApplication app, Journal journal)
    {
        using var told = app.Lifetime.ApplicationStopping.Register(() =>
            journal.Info("stopping", $"stopping; requests under way have {HttpLimits.Stop.TotalSeconds} s"));
        try
        {
            await app.WaitForShutdownAsync();
        }
        catch (Exception late) when (late is OperationCanceledException or AggregateException)
        {
            journal.Warn("requests_cut", "requests that were still under way were cut");
        }
    }
}
