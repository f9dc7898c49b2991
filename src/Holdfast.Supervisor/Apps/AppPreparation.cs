using System.Collections.Concurrent;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Apps;

/// <summary>
/// Has each app's command of preparation run to its end once per cluster: under a lock in the store, which also keeps
/// that it was done. A supervisor that dies meanwhile frees the lock, and another repeats the command.
/// </summary>
internal sealed class AppPreparation(
    IStore store, HoldfastKeys keys, NodeName self, NodePaths paths, ProgramStarter starter, ILogger log)
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.5);

    /// <summary>The end of a long command is worth more than one try to write it down.</summary>
    const int WriteTriesMax = 5;

    /// <summary>What this supervisor knows to be prepared: a restart of an app asks nobody.</summary>
    readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>Returns when the app may start; waits as long as another host prepares it, or nobody knows.</summary>
    /// <param name="spec">Of an app.</param>
    /// <param name="explain">Told what is waited for.</param>
    /// <param name="stop">Kills the command, and frees the lock.</param>
    /// <exception cref="InvalidOperationException">The command failed; it is to be tried again.</exception>
    public async Task PrepareAsync(ProgramSpec spec, Action<string> explain, CancellationToken stop)
    {
        if (spec.App!.Prepare is not { } prepare)
            return;
        var command = PrepareStep.NameOf(prepare.Command);
        while (_known.GetValueOrDefault(spec.Name) != command)
        {
            switch (await LookAsync(spec.Name, command, stop))
            {
                case PrepareStep.Done:
                    Remember(spec.Name, command);
                    break;
                case PrepareStep.Run run when await TakeAsync(spec.Name, run, stop) is { } held:
                    explain("being prepared");
                    await using (held)
                        await RunAsync(spec, prepare, held, stop);
                    break;
                case { } wait:
                    explain(wait.Why);
                    await Task.Delay(LookEvery, stop);
                    break;
            }
        }
    }

    /// <summary>By the store. Where that is away, by what was once known here: an app of a cluster that was prepared is
    /// not held up by it.</summary>
    async Task<PrepareStep> LookAsync(string app, string command, CancellationToken stop)
    {
        try
        {
            var (done, held) = (keys.Prepared(app), keys.PrepareLock(app));
            var found = await store.ReadAsync([done, held], stop);
            return PrepareStep.Decide(command, found.Find(done), found.Find(held));
        }
        catch (StoreUnavailableException away)
        {
            return Recall(app) == command
                ? new PrepareStep.Done("it was prepared, as this host remembers")
                : new PrepareStep.Wait($"whether it is prepared is unknown: {away.Message}");
        }
    }

    Task<PrepareLock?> TakeAsync(string app, PrepareStep.Run run, CancellationToken stop) =>
        PrepareLock.TryTakeAsync(store, keys, app, self, run, stop);

    async Task RunAsync(ProgramSpec spec, PrepareSettings prepare, PrepareLock held, CancellationToken stop)
    {
        var began = BootClock.Now;
        log.Prepares(spec.Name);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop, held.Lost);
        limited.CancelAfter(prepare.Limit);
        try
        {
            var end = await AppCommand.RunAsync(starter, spec, prepare.Command, isSilent: false, limited.Token);
            if (end.Code != 0)
                throw new InvalidOperationException($"its preparation {end}");
        }
        catch (OperationCanceledException killed) when (!stop.IsCancellationRequested)
        {
            var why = held.Lost.IsCancellationRequested
                ? "since the lock on it was lost"
                : $"after {prepare.Limit.TotalSeconds} s";
            throw new InvalidOperationException($"its preparation was killed {why}", killed);
        }
        finally
        {
            // Before the lock is free: nothing of this try may run beside the next one.
            await starter.EndRemainsAsync(spec, running: null);
        }
        log.Prepared(spec.Name, (BootClock.Now - began).TotalMilliseconds);
        await WriteDoneAsync(spec.Name, PrepareStep.NameOf(prepare.Command), held, stop);
    }

    // Where all tries fail, the next look tells: it was written after all, or the command is repeated.
    async Task WriteDoneAsync(string app, string command, PrepareLock held, CancellationToken stop)
    {
        for (var tries = 1; await held.WriteDoneAsync(keys.Prepared(app), command, stop) is { } why; tries++)
        {
            log.PreparedUnwritten(app, why);
            if (tries == WriteTriesMax || held.Lost.IsCancellationRequested)
                return;
            await Task.Delay(LookEvery, stop);
        }
        Remember(app, command);
    }

    void Remember(string app, string command)
    {
        _known[app] = command;
        try
        {
            var mark = paths.PreparedMark(app);
            File.WriteAllText(mark + ".next", command);
            File.Move(mark + ".next", mark, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.PreparedUnwritten(app, failure.Message); // It only helps while the store is away.
        }
    }

    string? Recall(string app)
    {
        try
        {
            return File.ReadAllText(paths.PreparedMark(app));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
