namespace Holdfast.Cluster.Model;

/// <summary>One running copy of an app, as its supervisor tells the cluster.</summary>
/// <param name="App">The app's name in the file.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Address">host:port; null: it serves nobody.</param>
/// <param name="State">What the supervisor makes of it.</param>
/// <param name="Weight">Share of requests against the others' (1 to 100).</param>
public sealed record AppInstance(string App, NodeName Host, string? Address, AppState State, int Weight);

public enum AppState
{
    /// <summary>Being prepared, or started and not healthy yet.</summary>
    Starting,
    Healthy,
    Unhealthy,

    /// <summary>About to stop: nothing new is sent to it.</summary>
    Draining,

    /// <summary>It ended too often; tried again at long intervals.</summary>
    Failed,
}
