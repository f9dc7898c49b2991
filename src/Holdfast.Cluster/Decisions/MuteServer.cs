using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>A PostgreSQL that lives under the lock and answers nobody, such as a frozen one: it gives way when somebody
/// else can lead. A slow one answers late, and is left alone.</summary>
static class MuteServer
{
    /// <summary>A look has a second; so long without any answer is no load any more.</summary>
    static readonly TimeSpan MuteMin = TimeSpan.FromSeconds(5);

    /// <summary>Null: nothing to do about it.</summary>
    public static HaDecision? Holding(ClusterView view, SelfView self, DynamicSettings settings)
    {
        var limit = 2 * settings.Ttl > MuteMin ? 2 * settings.Ttl : MuteMin;
        return self.Mute > limit && GrayDisk.Heir(view, self, settings) is { } heir
            ? new StepDown(TimeSpan.Zero,
                $"PostgreSQL lives and has not answered for {self.Mute.Value.TotalSeconds:0.0} s; {heir} can lead")
            : null;
    }
}
