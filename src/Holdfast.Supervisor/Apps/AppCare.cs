using Holdfast.Cluster.Model;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;

namespace Holdfast.Supervisor.Apps;

/// <summary>What the runner of an app does besides what it does for every program.</summary>
/// <param name="spec">Of the app.</param>
/// <param name="watch">Its health.</param>
/// <param name="starter">Of the node.</param>
/// <param name="instances">Where its state is told.</param>
internal sealed class AppCare(
    ProgramSpec spec, AppWatch watch, ProgramStarter starter, InstancePublisher instances)
{
    public AppWatch Watch => watch;

    /// <summary>Tells the cluster; null: there is no instance any more.</summary>
    public void Tell(AppState? state) => instances.Tell(spec, state);

    /// <summary>Kills it with all that it started, and waits until they are gone.</summary>
    public Task EndAsync(RunningProgram? running) => starter.EndRemainsAsync(spec, running);
}
