using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Apps;

/// <summary>
/// The right to prepare one app, on a lease of its own. Whoever holds it lets go of it by itself, by
/// <see cref="Lost"/>, before anybody else can have it.
/// </summary>
internal sealed class PrepareLock : IAsyncDisposable
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);
    static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(2);

    /// <summary>For the kill of the command, before the lease ends.</summary>
    static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    readonly IStore _store;
    readonly string _key;
    readonly long _lease;
    readonly CancellationTokenSource _lost = new(), _ending = new();
    readonly Task _renewing;

    PrepareLock(IStore store, string key, long lease, TimeSpan granted)
    {
        (_store, _key, _lease) = (store, key, lease);
        _renewing = RenewAsync(granted);
    }

    /// <summary>Cancelled when the lock is not ours any more, or soon may not be.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Null when somebody else was faster, or the store can't tell.</summary>
    /// <param name="store">Of the cluster.</param>
    /// <param name="keys">Of the cluster.</param>
    /// <param name="app">Its name.</param>
    /// <param name="self">Who holds the lock, for the others.</param>
    /// <param name="step">What was decided: nothing may have changed since.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<PrepareLock?> TryTakeAsync(
        IStore store, HoldfastKeys keys, string app, NodeName self, PrepareStep.Run step, CancellationToken stop)
    {
        var asked = BootClock.Now;
        var grant = await store.GrantLeaseAsync(Ttl, stop);
        if (grant.Outcome != WriteOutcome.Written)
            return null;
        var (key, done) = (keys.PrepareLock(app), keys.Prepared(app));
        Compare unchanged = step.FormerRevision == 0
            ? new Compare.Missing(done)
            : new Compare.ModRevision(done, step.FormerRevision);
        var taken = await store.CommitAsync(
            new Transaction([new Compare.Missing(key), unchanged], [new Operation.Put(key, self.Value, grant.Lease)]),
            stop);
        if (taken.Outcome == WriteOutcome.Written)
            return new PrepareLock(store, key, grant.Lease, asked);
        _ = await store.RevokeLeaseAsync(grant.Lease, CancellationToken.None);
        return null;
    }

    /// <summary>Writes, as long as the lock is ours, that <paramref name="command"/> has prepared the app.</summary>
    /// <returns>Null: written; else why not, or why nobody knows.</returns>
    public async Task<string?> WriteDoneAsync(string done, string command, CancellationToken stop)
    {
        var result = await _store.CommitAsync(
            new Transaction([new Compare.Lease(_key, _lease)], [new Operation.Put(done, command)]), stop);
        return result.Outcome == WriteOutcome.Written ? null : $"{result.Outcome}: {result.Why}";
    }

    /// <summary>Gives the lock back, so that nobody waits for its lease to run out.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _renewing;
        _ = await _store.RevokeLeaseAsync(_lease, CancellationToken.None);
        _ending.Dispose();
        _lost.Dispose();
    }

    async Task RenewAsync(TimeSpan renewed)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(RenewEvery, _ending.Token);
                var sent = BootClock.Now;
                using var limited = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                limited.CancelAfter(RenewEvery);
                if (await _store.KeepAliveAsync(_lease, limited.Token) is null)
                    break;
                renewed = sent;
            }
            catch (Exception)
            {
                // Whatever it was: tried again, as long as the lease surely lives.
                if (BootClock.Now - renewed > Ttl - Margin - (2 * RenewEvery))
                    break;
            }
        }
        if (!_ending.IsCancellationRequested)
            await _lost.CancelAsync();
    }
}
