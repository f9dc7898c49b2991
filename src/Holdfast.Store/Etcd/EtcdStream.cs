namespace Holdfast.Store.Etcd;

/// <summary>An answer that goes on.</summary>
sealed record EtcdStream(int Member, string Endpoint, HttpResponseMessage Response, Stream Body) : IDisposable
{
    public void Dispose() => Response.Dispose();
}
