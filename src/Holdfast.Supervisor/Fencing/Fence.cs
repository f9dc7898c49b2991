using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Fencing;

/// <summary>
/// The second owner of PostgreSQL's deadline. Holds the ticket in force, and from a thread and a timer of its own
/// kills all of PostgreSQL when the deadline passes, whatever has become of the agent, the pool, or the log. Safe
/// from any thread; <see cref="Put"/> answers after a kill that is under way.
/// </summary>
internal sealed class Fence : IDisposable
{
    /// <summary>How often a PostgreSQL that has no right to write is looked for. Deadlines have the timer.</summary>
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    readonly BootTimer _timer = new();
    readonly NodePaths _paths;
    readonly ILogger _log;
    readonly string? _ownCgroup = Cgroup.Own()?.Path;
    readonly Thread _thread;
    FenceTicket? _ticket;
    volatile bool _stop;

    public Fence(NodePaths paths, ILogger log)
    {
        _paths = paths;
        _log = log;
        _ticket = FenceFile.Read(paths.FenceFile, BootClock.BootId);
        _thread = new Thread(Watch) { IsBackground = true, Name = "fence" };
    }

    /// <summary>The ticket in force; null: none yet on this boot.</summary>
    public FenceTicket? Ticket
    {
        get
        {
            lock (_gate)
                return _ticket;
        }
    }

    public void Start()
    {
        ProcessSweep.WarmUp();
        lock (_gate)
        {
            Arm();
            LookAndKill();
        }
        _thread.Start();
    }

    /// <summary>Takes the ticket; null when it is in force, else why it was refused. One caller at a time.</summary>
    /// <exception cref="IOException">It could not be kept, and is not in force.</exception>
    public string? Put(FenceTicket next)
    {
        var refusal = Refusal(next);
        if (refusal is null)
        {
            // Not under the gate: were the disk to freeze here, the former deadline must still be kept.
            FenceFile.Write(_paths.FenceFile, next);
            lock (_gate)
            {
                refusal = Refusal(next);
                if (refusal is null)
                    Take(next);
            }
        }
        if (refusal is not null)
            _log.FenceRefused(refusal);
        return refusal;
    }

    /// <summary>At the supervisor's own end nobody keeps the deadline any more: ends what still runs, also a
    /// standby.</summary>
    public void KillWhatIsLeft()
    {
        lock (_gate)
        {
            if (ProcessSweep.AnybodyWorksIn(DataDirectory))
                Kill("the supervisor ends");
        }
    }

    public void Dispose()
    {
        _stop = true;
        _timer.Set(TimeSpan.Zero);
        if (_thread.IsAlive)
            _thread.Join();
        _timer.Dispose();
    }

    string? Refusal(FenceTicket next) => FenceRules.Refusal(
        Ticket, next, BootClock.Nanoseconds, BootClock.BootId, _paths.Data, _ownCgroup);

    /// <summary>Under the gate.</summary>
    void Take(FenceTicket next)
    {
        if (_ticket is { DeadlineNs: > 0 })
            LookAndKill(); // If it passed before this one came, that right to write ended, even if it begins anew.
        var why = FenceRules.VerdictOnChange(_ticket, next, () => PostgresOnDisk.Look(next.DataDirectory));
        _ticket = next;
        Arm();
        if (why is not null)
            Kill(why);
    }

    string DataDirectory => _ticket?.DataDirectory ?? _paths.PostgresData;

    void Watch()
    {
        _ = UrgentThread.TryRaise();
        while (!_stop)
        {
            _ = _timer.Wait(LookEvery);
            try
            {
                lock (_gate)
                    LookAndKill();
            }
            catch (Exception failure)
            {
                _log.FenceStumbled(failure);
            }
        }
    }

    /// <summary>Under the gate.</summary>
    void Arm()
    {
        if (_ticket is { DeadlineNs: > 0 } ticket)
            _timer.Set(BootClock.FromNanoseconds(ticket.DeadlineNs));
        else
            _timer.Disarm();
    }

    /// <summary>Under the gate.</summary>
    void LookAndKill()
    {
        if (FenceRules.Verdict(_ticket, BootClock.Nanoseconds, () => PostgresOnDisk.Look(DataDirectory)) is { } why)
            Kill(why);
    }

    /// <summary>Under the gate. First the kill, then everything that may fail.</summary>
    void Kill(string why)
    {
        var begun = BootClock.Nanoseconds;
        var killed = PostgresKill.All(_ticket, DataDirectory);
        var done = BootClock.Nanoseconds;
        var deadline = _ticket?.DeadlineNs ?? 0;
        _log.Fenced(why, killed, Milliseconds(done - begun), deadline > 0 ? Milliseconds(done - deadline) : 0);
        if (_ticket is not { } ticket)
            return;
        _ticket = ticket with { DeadlineNs = 0 };
        Arm();
        FenceFile.Write(_paths.FenceFile, _ticket);
    }

    static double Milliseconds(long nanoseconds) => nanoseconds / 1e6;
}
