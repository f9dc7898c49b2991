using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Programs;

/// <summary>Waits for the orphans below this node at once: a dead postmaster that nobody waits for holds its shared
/// memory, and keeps the next one from starting.</summary>
internal sealed class OrphanReaper(Children children, ILogger log)
{
    /// <summary>The safety net under SIGCHLD, of which several may be one.</summary>
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken stop)
    {
        var nudges = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => nudges.Writer.TryWrite(true));
        using var timer = new PeriodicTimer(LookEvery);
        var tick = timer.WaitForNextTickAsync(stop).AsTask();
        var nudge = nudges.Reader.WaitToReadAsync(stop).AsTask();
        while (!stop.IsCancellationRequested)
        {
            await Task.WhenAny(tick, nudge);
            if (tick.IsCompletedSuccessfully)
                tick = timer.WaitForNextTickAsync(stop).AsTask();
            if (nudges.Reader.TryRead(out _))
                nudge = nudges.Reader.WaitToReadAsync(stop).AsTask();
            try
            {
                children.ReapOrphans();
            }
            catch (Exception failure)
            {
                log.Stumbled("reaper", failure);
            }
        }
    }
}
