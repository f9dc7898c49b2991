using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy.Routing;
using Holdfast.Store.Layout;

namespace Holdfast.Doubles.PgProxy;

/// <summary>A watch that says what the test wants; fresh until it is told to be <see cref="Blind"/>.</summary>
public sealed class FakeTopology : ITopology
{
    readonly Lock _gate = new();
    ClusterView? _view;
    TimeSpan? _blindSince;

    public WatchedView? Current
    {
        get
        {
            lock (_gate)
                return _view is null ? null : new WatchedView(_view, _blindSince ?? BootClock.Now);
        }
    }

    public event Action? Changed;

    public void Show(ClusterView view)
    {
        lock (_gate)
            (_view, _blindSince) = (view, null);
        Changed?.Invoke();
    }

    /// <summary>The last news came so long ago, and none comes any more.</summary>
    public void Blind(TimeSpan age)
    {
        lock (_gate)
            _blindSince = BootClock.Now - age;
    }
}
