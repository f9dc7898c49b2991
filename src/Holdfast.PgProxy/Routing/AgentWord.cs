using System.Net.Sockets;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Json;
using Holdfast.Store.Layout;

namespace Holdfast.PgProxy.Routing;

/// <summary>
/// While the store is silent, asks the last known primary's agent whether its lease is in force: its word, which the
/// fence
/// of its host stands for, keeps the view as fresh as the store's would. Safe from any thread.
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

    sealed record Word(NodeName By, Term Term, TimeSpan At);

    /// <param name="store">The watched view.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME.</param>
    public AgentWord(ITopology store, Func<TimeSpan> bootClock) => (_store, _bootClock) = (store, bootClock);

    public event Action? Changed
    {
        add => _store.Changed += value;
        remove => _store.Changed -= value;
    }

    public WatchedView? Current => _store.Current is { } watched && _word is { } word
        && watched.View.Leader is { } leader && leader.Holder == word.By && leader.Term <= word.Term
        && word.At > watched.FreshAt
            ? watched with { FreshAt = word.At }
            : _store.Current;

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
                    && watched.View.Leader is { } leader && watched.View.Member(leader.Holder) is { } member
                    && await AskAsync(member, stop) is { } term)
                {
                    _word = new Word(leader.Holder, term, now);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
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
