using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Etcd;

/// <summary>One process's way to the members, which are asked as <c>EtcdGateway</c> asks them: who answered last comes
/// first, and what is not repeatable goes on to another only while nothing of it was sent.</summary>
internal sealed class EtcdLine(SimWorld world, Strand strand, int host, IReadOnlyList<int> members)
{
    static readonly TimeSpan s_callLimit = TimeSpan.FromSeconds(2), s_tryLimit = TimeSpan.FromMilliseconds(650),
        s_roundPause = TimeSpan.FromMilliseconds(100);

    int _preferred;

    public SimWorld World => world;
    public Strand Strand => strand;
    public int Host => host;

    public Task<Answer<T>> AskAtAsync<T>(int member, TimeSpan limit, Action<int, Action<Answer<T>>> serve) =>
        world.Net.AskAsync<T>(
            strand, host, member, Traffic.Etcd, limit, () => world.Etcd.Listens(member), answer =>
                serve(member, answer));

    public async ValueTask<Answer<T>> AskAsync<T>(bool repeatable, Action<int, Action<Answer<T>>> serve)
    {
        var until = strand.Now + s_callLimit;
        var first = _preferred;
        Answer<T>? sent = null;
        for (var tried = 0; ; tried++)
        {
            var at = (first + tried) % members.Count;
            var left = until - strand.Now;
            var answer = await AskAtAsync(members[at], repeatable && left > s_tryLimit ? s_tryLimit : left, serve);
            if (answer.Kind == AnswerKind.Answered)
            {
                _preferred = at;
                return answer;
            }
            TurnAwayFrom(at);
            if (answer.Kind != AnswerKind.NotSent)
                sent = answer;
            if (!repeatable && sent is not null)
                return answer;
            if ((tried + 1) % members.Count == 0)
                await Task.Delay(s_roundPause, strand.Clock, CancellationToken.None);
            if (strand.Now >= until)
                return sent ?? answer;
        }
    }

    /// <summary>Where the next call begins.</summary>
    public int Preferred => _preferred;
    public int MemberAt(int place) => members[place % members.Count];
    public int Count => members.Count;

    public void Settle(int place) => _preferred = place % members.Count;

    public void TurnAwayFrom(int place)
    {
        if (_preferred == place)
            _preferred = (place + 1) % members.Count;
    }
}
