using Holdfast.Edge.Backends;
using Holdfast.Edge.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Edge.Forwarding;

/// <summary>One request of a client, with all that is known of it. Of one flow, but for <see cref="MayMove"/>,
/// <see cref="Route"/> and <see cref="Tried"/>, which do not change while an attempt waits.</summary>
internal sealed class Exchange
{
    /// <summary>nginx's word for a client that went before its answer.</summary>
    public const int ClientGoneStatus = 499;

    readonly List<Instance> _tried = new(EdgeLimits.AttemptsMax);

    /// <param name="features">Kestrel's, of this request.</param>
    /// <param name="started">The clock's timestamp.</param>
    public Exchange(IFeatureCollection features, long started)
    {
        Context = new DefaultHttpContext(features);
        Started = started;
        Id = RequestId.Of(Context.Request.Headers[RequestId.Header]);
        IsSafe = RetryRules.IsSafe(Context.Request.Method);
        Body = new ClientBody(Context);
    }

    public HttpContext Context { get; }
    public string Id { get; }
    public long Started { get; }

    /// <summary>May be carried out twice.</summary>
    public bool IsSafe { get; }

    public ClientBody Body { get; }
    public CancellationToken ClientGone => Context.RequestAborted;

    /// <summary>Null: none fits.</summary>
    public Route? Route { get; set; }

    /// <summary>Where it was last.</summary>
    public Instance? Instance { get; set; }

    /// <summary>The current one included.</summary>
    public IReadOnlyList<Instance> Tried => _tried;

    /// <summary>Without those on stale connections.</summary>
    public int Attempts { get; set; }

    public int StaleConnections { get; set; }

    /// <summary>Bytes of the answer's body, as far as they were handed to the client's connection.</summary>
    public long BytesSent { get; set; }

    /// <summary>What went wrong for the user; null: nothing.</summary>
    public string? Failure { get; set; }

    /// <summary>Overrules the answer's status in log and metrics.</summary>
    public int? Status { get; set; }

    /// <summary>Its attempt may be cut short and begun anew elsewhere, as long as no answer came.</summary>
    public bool MayMove => IsSafe && Body.CanReplay && Attempts < EdgeLimits.AttemptsMax;

    public void Try(Instance instance)
    {
        Instance = instance;
        Attempts++;
        if (!_tried.Contains(instance))
            _tried.Add(instance);
    }

    /// <summary>The last attempt does not count: the connection was old.</summary>
    public void TakeBack(Instance instance)
    {
        Attempts--;
        StaleConnections++;
        _tried.Remove(instance);
    }
}
