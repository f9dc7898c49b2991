using Holdfast.Sim.Time;

namespace Holdfast.Sim.World;

internal enum Traffic
{
    Etcd,
    Replication,
    Rest,
}

internal enum AnswerKind
{
    Answered,

    /// <summary>The server said, quickly, that it can't: what was asked may have been done.</summary>
    Failed,

    /// <summary>Sent, and no answer within the limit.</summary>
    Lost,

    /// <summary>Nothing was sent.</summary>
    NotSent,
}

internal readonly record struct Answer<T>(AnswerKind Kind, T? Value);

/// <summary>Who reaches whom, each way and for each kind of traffic, and how long it takes.</summary>
internal sealed class Network(SimWorld world, int hosts)
{
    static readonly TimeSpan s_connectLimit = TimeSpan.FromMilliseconds(400);

    readonly int[,,] _cuts = new int[hosts, hosts, 3];

    /// <summary>Of one message, at random.</summary>
    public double Loss { get; set; }

    /// <summary>Added to every message between hosts.</summary>
    public TimeSpan Delay { get; set; }

    public bool Linked(int from, int to, Traffic kind) =>
        from == to || (_cuts[from, to, (int)kind] == 0 && world.Hosts[from].IsUp && world.Hosts[to].IsUp);

    public bool LinkedBothWays(int left, int right, Traffic kind) =>
        Linked(left, right, kind) && Linked(right, left, kind);

    public void Cut(int from, int to, Traffic kind, bool isCut) => _cuts[from, to, (int)kind] += isCut ? 1 : -1;

    public TimeSpan Latency(int from, int to) => from == to
        ? world.Rng.Between(0.02, 0.08)
        : world.Rng.Mostly(0.15, 0.6, 0.01, 12) + (Delay > TimeSpan.Zero ? world.Rng.Between(0, 1) + Delay
            : TimeSpan.Zero);

    /// <summary>One question over the network. <paramref name="serve"/> runs where the question arrives; it may answer
    /// at once, later or never. The task ends on the caller's strand.</summary>
    public Task<Answer<T>> AskAsync<T>(
        Strand caller, int from, int to, Traffic kind, TimeSpan limit, Func<bool> listens,
        Action<Action<Answer<T>>> serve)
    {
        var question = new Question<T>(world, caller, to, from, kind);
        var isConnected = world.Rng.Chance(0.5);
        var reaches = Linked(from, to, kind) && !world.Rng.Chance(from == to ? 0 : Loss);
        if (!reaches)
        {
            question.EndAfter(isConnected || limit < s_connectLimit ? limit : s_connectLimit,
                isConnected ? AnswerKind.Lost : AnswerKind.NotSent);
            return question.Task;
        }
        question.EndAfter(limit, AnswerKind.Lost);
        world.Nature.After(Latency(from, to), () =>
        {
            if (!world.Hosts[to].IsUp)
                return;
            if (listens())
                serve(question.Return);
            else
                question.Return(new Answer<T>(AnswerKind.NotSent, default));
        });
        return question.Task;
    }

    sealed class Question<T>(SimWorld world, Strand caller, int server, int client, Traffic kind)
    {
        readonly TaskCompletionSource<Answer<T>> _end = new();
        SimEvent? _limit;

        public Task<Answer<T>> Task => _end.Task;

        public void EndAfter(TimeSpan limit, AnswerKind kind) =>
            _limit = caller.After(limit, () => _end.TrySetResult(new Answer<T>(kind, default)));

        public void Return(Answer<T> answer)
        {
            if (!world.Net.Linked(server, client, kind) || world.Rng.Chance(server == client ? 0 : world.Net.Loss))
                return;
            caller.After(world.Net.Latency(server, client), () =>
            {
                if (_limit is { } limit)
                    limit.IsCancelled = true;
                _end.TrySetResult(answer);
            });
        }
    }
}
