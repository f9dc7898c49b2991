using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Routing.Patroni;

/// <summary>
/// The view of a cluster that Patroni runs, by asking its members: each of them what it is, and one of them, now and
/// then, who the others are. A primary is believed by its own word alone. Safe from any thread.
/// </summary>
public sealed class PatroniPoll : ITopology, IDisposable
{
    /// <summary>How often a member is asked, and how often while there is no primary.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1), EveryInNeed = TimeSpan.FromMilliseconds(250);

    /// <summary>How often one is asked for the list of all: for that Patroni reads its store.</summary>
    static readonly TimeSpan ListEvery = TimeSpan.FromSeconds(5);

    /// <summary>One that is no longer listed, and silent for so long, is no member any more.</summary>
    static readonly TimeSpan GoneAfter = TimeSpan.FromSeconds(10);

    readonly ImmutableArray<Uri> _seeds;
    readonly Func<TimeSpan> _bootClock;
    readonly ILogger _log;
    readonly PatroniApi _api = new();
    readonly Lock _gate = new();
    readonly Dictionary<NodeName, Asked> _members = [];
    DynamicSettings _settings = new() { LoopWait = Every };
    ulong? _system;
    WatchedView? _current;
    string _told = "";

    sealed class Asked(CancellationTokenSource over)
    {
        public CancellationTokenSource Over => over;
        public required PatroniWord Word { get; set; }
        public Task Asking { get; set; } = Task.CompletedTask;
        public bool IsForeign { get; set; }
    }

    /// <param name="seeds">REST APIs of some members; one that answers is enough.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME.</param>
    /// <param name="log">Of the proxy.</param>
    public PatroniPoll(IEnumerable<string> seeds, Func<TimeSpan> bootClock, ILogger log)
    {
        _seeds = [.. seeds.Select(seed => new Uri(seed))];
        (_bootClock, _log) = (bootClock, log);
    }

    public event Action? Changed;

    public WatchedView? Current => Volatile.Read(ref _current);

    bool IsInNeed => Current is not { View.Leader: not null } current || _bootClock() - current.FreshAt > 2 * Every;

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var isListed = false;
            try
            {
                isListed = await ListAsync(stop);
            }
            catch (Exception failed)
            {
                _log.ListingFailed(failed);
            }
            await PauseAsync(isListed && !IsInNeed ? ListEvery : Every, stop);
        }
        Asked[] all;
        lock (_gate)
            all = [.. _members.Values];
        await Task.WhenAll(all.Select(EndAsync));
    }

    // ---- who there is ----

    async Task<bool> ListAsync(CancellationToken stop)
    {
        var sources = Sources();
        foreach (var source in sources)
        {
            var members = await OrNothing(_api.MembersAsync(source, stop), []);
            if (members.IsEmpty)
                continue;
            var settings = await OrNothing(_api.SettingsAsync(source, stop), null);
            await AdoptAsync(members, settings, stop);
            return true;
        }
        if (!stop.IsCancellationRequested)
            Tell(nobody: string.Join(", ", sources.Select(source => source.ToString())));
        return false;
    }

    // Who answered last comes first, and who is in the file last.
    List<Uri> Sources()
    {
        lock (_gate)
        {
            return
            [
                .. _members.Values.Where(member => member is { Word.Said: not null, IsForeign: false })
                    .OrderByDescending(member => member.Word.AskedAt).Select(member => member.Word.Member.Api)
                    .Concat(_seeds).Distinct(),
            ];
        }
    }

    async Task AdoptAsync(ImmutableArray<PatroniMember> listed, DynamicSettings? settings, CancellationToken stop)
    {
        List<Asked> gone;
        lock (_gate)
        {
            _settings = settings ?? _settings;
            gone = [.. _members.Values.Where(member => IsOver(member.Word, listed))];
            foreach (var over in gone)
                _members.Remove(over.Word.Member.Name);
            foreach (var member in listed.Where(member => !_members.ContainsKey(member.Name)))
            {
                if (_members.Count >= PatroniMember.CountMax)
                    break;
                var asked = new Asked(CancellationTokenSource.CreateLinkedTokenSource(stop))
                {
                    Word = new PatroniWord(member, null, TimeSpan.Zero),
                };
                _members[member.Name] = asked;
                asked.Asking = AskAsync(asked, asked.Over.Token);
            }
        }
        await Task.WhenAll(gone.Select(EndAsync));
        Publish();
        Tell(string.Join(", ", listed.Select(member => $"{member.Name} ({member.Api})")));
    }

    // A member that moved is another one. Lists come from members whose store may be late.
    bool IsOver(PatroniWord word, ImmutableArray<PatroniMember> listed)
    {
        var now = listed.FirstOrDefault(member => member.Name == word.Member.Name);
        return now is null ? _bootClock() - word.AskedAt > GoneAfter : now != word.Member;
    }

    static async Task EndAsync(Asked member)
    {
        await member.Over.CancelAsync();
        await member.Asking;
        member.Over.Dispose();
    }

    // ---- what each is ----

    // Each at its own pace: a host that is gone delays nobody else's answer.
    async Task AskAsync(Asked member, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var askedAt = _bootClock();
                var said = await _api.AskAsync(member.Word.Member.Api, stop);
                if (said is not null)
                    Note(member, said, askedAt);
                Publish();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                _log.AskingFailed(member.Word.Member.Name.Value, failed);
            }
            await PauseAsync(IsInNeed ? EveryInNeed : Every, stop);
        }
    }

    void Note(Asked member, PatroniAnswer said, TimeSpan askedAt)
    {
        ulong? foreign = null;
        lock (_gate)
        {
            if (said.System != 0)
                _system ??= said.System;
            var isForeign = _system is { } system && !said.IsOf(system);
            if (isForeign && !member.IsForeign)
                foreign = _system;
            member.IsForeign = isForeign;
            member.Word = member.Word with { Said = said, AskedAt = askedAt };
        }
        if (foreign is { } ours)
            _log.OfAnotherSystem(member.Word.Member.Name.Value, member.Word.Member.Api, said.System, ours);
    }

    // The same view object while it says the same: whoever judges views does it once.
    void Publish()
    {
        var hasChanged = false;
        lock (_gate)
        {
            if (_system is not { } system)
                return;
            var (view, freshAt) = PatroniView.Of(
                [.. _members.Values.Select(member => member.Word)], system, _settings, _bootClock());
            hasChanged = _current is not { } former || !PatroniView.IsSame(former.View, view);
            Volatile.Write(ref _current, new WatchedView(hasChanged ? view : _current!.View, freshAt));
        }
        if (hasChanged)
            Changed?.Invoke();
    }

    // ---- small things ----

    static async Task<T> OrNothing<T>(Task<T> asking, T nothing)
    {
        try
        {
            return await asking;
        }
        catch (OperationCanceledException)
        {
            return nothing;
        }
    }

    static async Task PauseAsync(TimeSpan pause, CancellationToken stop) =>
        await Task.Delay(pause, stop).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    void Tell(string? members = null, string? nobody = null)
    {
        var text = members ?? nobody!;
        if (string.Equals(text, _told, StringComparison.Ordinal))
            return;
        _told = text;
        if (members is not null)
            _log.MembersFound(members);
        else
            _log.NobodyLists(text);
    }

    public void Dispose() => _api.Dispose();
}
