using System.Net.Sockets;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;
using Holdfast.Store.Layout;

namespace Holdfast.PgProxy.Routing;

/// <summary>
/// While the store is silent, asks the agents of the last known members whose lease is in force: that word, which the
/// fence of its host stands for, keeps the view as fresh as the store's would. Where this host alone is cut off from
/// the store it also tells who leads by now. Safe from any thread.
/// </summary>
public sealed class AgentWord : ITopology, IDisposable
{
    /// <summary>How often it looks whether the store is silent, and how long an agent may take to answer.</summary>
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250), AnswerLimit = TimeSpan.FromMilliseconds(500);

    /// <summary>The store confirms a view twice a second: this late it is silent.</summary>
    static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(1);
    const int AnswerBytesMax = 256 * 1024;

    readonly ITopology _store;
    readonly Func<TimeSpan> _bootClock;
    readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
    {
        Timeout = AnswerLimit,
        MaxResponseContentBufferSize = AnswerBytesMax,
    };
    volatile Word? _word;

    volatile Shown? _led;

    sealed record Word(NodeName By, Term Term, TimeSpan At);

    /// <summary>The same view object for the same word: whoever judges views does it once.</summary>
    sealed record Shown(Word Word, ClusterView Of, ClusterView View);

    /// <param name="store">The watched view.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME.</param>
    public AgentWord(ITopology store, Func<TimeSpan> bootClock) => (_store, _bootClock) = (store, bootClock);

    event Action? Told;

    public event Action? Changed
    {
        add
        {
            _store.Changed += value;
            Told += value;
        }
        remove
        {
            _store.Changed -= value;
            Told -= value;
        }
    }

    public WatchedView? Current
    {
        get
        {
            var current = _store.Current;
            if (current is not { } watched || _word is not { } word || word.At <= watched.FreshAt)
                return current;
            if (watched.View.Leader is { } leader && leader.Holder == word.By)
                return leader.Term <= word.Term ? watched with { FreshAt = word.At } : current;
            return watched.View.Leader is { } other && other.Term >= word.Term
                ? current
                : new WatchedView(LedBy(word, watched.View), word.At);
        }
    }

    // A term is a base and the revision of its lock: the store has come so far.
    ClusterView LedBy(Word word, ClusterView view)
    {
        if (_led is { } led && led.Word.By == word.By && led.Word.Term == word.Term && ReferenceEquals(led.Of, view))
            return led.View;
        var revision = word.Term.Value - view.TermBase;
        var shown = view with
        {
            Revision = Math.Max(view.Revision, revision),
            Leader = new LeaderView(word.By, word.Term, revision, LeaseId: 0),
            Members = [.. view.Members.Select(member => member.Name == word.By
                ? member with { Role = "primary", State = "running", Term = word.Term }
                : member with { Role = "replica", Term = Term.None })],
        };
        _led = new Shown(word, view, shown);
        return shown;
    }

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var tick = new PeriodicTimer(Every);
        try
        {
            while (await tick.WaitForNextTickAsync(stop))
            {
                var now = _bootClock();
                if (_store.Current is { } watched && now - watched.FreshAt >= SilentAfter
                    && await AskAsync(watched.View, stop) is var (by, term))
                {
                    var former = _word;
                    _word = new Word(by, term, now);
                    if (former is null || former.By != by || former.Term != term)
                        Told?.Invoke();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    // Of two that say so the newer: the older one's lease has ended since it was asked.
    async ValueTask<(NodeName By, Term Term)?> AskAsync(ClusterView view, CancellationToken stop)
    {
        var asked = view.Members.Select(async member => (member.Name, Term: await AskAsync(member, stop)));
        var answers = await Task.WhenAll(asked);
        return answers.Where(answer => answer.Term is not null).OrderByDescending(answer => answer.Term!.Value)
            .Select(answer => ((NodeName, Term)?)(answer.Name, answer.Term!.Value)).FirstOrDefault();
    }

    /// <returns>The term of the lease in force; null: no answer, or no lease.</returns>
    async ValueTask<Term?> AskAsync(MemberView member, CancellationToken stop)
    {
        if (!Uri.TryCreate(member.ApiUrl, UriKind.Absolute, out var agent))
            return null;
        try
        {
            var answer = LooseJson.Object(await _http.GetStringAsync(new Uri(agent, "/patroni"), stop));
            return answer?.Get("holdfast") is { } ours && ours.Boolean("has_lease") == true
                && ours.Number("term") is { } term && answer.Value.Text("role") == "primary"
                && answer.Value.Text("state") == "running"
                && answer.Value.Get("patroni")?.Text("name") == member.Name.Value
                    ? new Term(term)
                    : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();
}
