using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// What an operator's pause (<c>pause: true</c>) leaves of a decision: nothing is started, stopped, rewound or cloned
/// by itself. A primary goes on under its lock, a replica follows whoever leads, and a primary without a lease is
/// fenced as ever: no pause may cost the promise of one writer.
/// </summary>
static class Pause
{
    public static HaDecision Of(HaDecision decision) => decision switch
    {
        StartPrimary d => new Release($"paused, and not started: {d.Why}"),
        StartReplica or StopReplica or Rewind or CloneFrom => new Wait($"paused; otherwise: {decision.Why}"),
        _ => decision,
    };
}
