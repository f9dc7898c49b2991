using System.Collections.Immutable;
using System.Text.Json;

namespace Holdfast.Store.Etcd;

/// <summary>The bodies of the requests that a watch sends.</summary>
static class WatchRequests
{
    /// <summary>One create request for each prefix, a line each.</summary>
    public static byte[] Create(ImmutableArray<string> prefixes, long fromRevision)
    {
        using var body = new MemoryStream();
        foreach (var prefix in prefixes)
        {
            var create = new WatchCreate(KeyRange.Bytes(prefix), KeyRange.EndOf(prefix), fromRevision);
            JsonSerializer.Serialize(body, new WatchRequest(create), EtcdJson.Default.WatchRequest);
            body.WriteByte((byte)'\n');
        }
        return body.ToArray();
    }

    /// <summary>How many keys there were at <paramref name="revision"/>.</summary>
    public static byte[] Count(ImmutableArray<string> prefixes, long revision) =>
        Ranges(prefixes, range => range with { CountOnly = true, Revision = revision });

    /// <summary>How many keys there are, and the newest of them.</summary>
    public static byte[] Probe(ImmutableArray<string> prefixes) =>
        Ranges(prefixes, range => range with { KeysOnly = true, SortTarget = "MOD", SortOrder = "DESCEND", Limit = 1 });

    static byte[] Ranges(ImmutableArray<string> prefixes, Func<RangeRequest, RangeRequest> refine)
    {
        var ranges = prefixes.Select(prefix => new OperationRequest
        {
            RequestRange = refine(
                new RangeRequest { Key = KeyRange.Bytes(prefix), RangeEnd = KeyRange.EndOf(prefix) }),
        });
        return JsonSerializer.SerializeToUtf8Bytes(
            new TxnRequest([], [.. ranges]), EtcdJson.Default.TxnRequest);
    }
}
