using System.Diagnostics;

namespace Holdfast.Store.Etcd;

/// <summary>Our transactions in etcd's words.</summary>
static class TxnRequests
{
    public static TxnRequest Of(Transaction transaction) =>
        new([.. transaction.If.Select(Of)],
            transaction.Then.IsEmpty ? Linearizable() : [.. transaction.Then.Select(Of)]);

    /// <summary>The key is still of this revision and on this lease. Either way the answer holds the key.</summary>
    public static TxnRequest Owns(string key, long modRevision, long lease) =>
        new([Of(new Compare.ModRevision(key, modRevision)), Of(new Compare.Lease(key, lease))],
            Linearizable(key), Linearizable(key));

    // etcd answers a transaction without operations from the member's own copy, however old it is (v3_server.go,
    // isTxnSerializable). One read that asks for no such thing makes all of it linearizable.
    static OperationRequest[] Linearizable(string key = "\0") =>
        [new OperationRequest { RequestRange = new RangeRequest { Key = KeyRange.Bytes(key) } }];

    static CompareRequest Of(Compare compare)
    {
        var key = KeyRange.Bytes(compare.Key);
        // A key that is missing has creation, modification and lease 0, and equals no value.
        return compare switch
        {
            Compare.Missing => new() { Target = "CREATE", Result = "EQUAL", Key = key },
            Compare.Exists => new() { Target = "CREATE", Result = "GREATER", Key = key },
            Compare.ModRevision c => new() { Target = "MOD", Result = "EQUAL", Key = key, ModRevision = c.Revision },
            Compare.Value c => new()
            {
                Target = "VALUE", Result = "EQUAL", Key = key, Value = KeyRange.Bytes(c.Text),
            },
            Compare.Lease c => new() { Target = "LEASE", Result = "EQUAL", Key = key, Lease = c.Id },
            _ => throw new UnreachableException($"no comparison for {compare}"),
        };
    }

    static OperationRequest Of(Operation operation)
    {
        var key = KeyRange.Bytes(operation.Key);
        return operation switch
        {
            Operation.Put p => new() { RequestPut = new PutRequest(key, KeyRange.Bytes(p.Text), p.Lease) },
            Operation.Delete => new() { RequestDeleteRange = new DeleteRequest(key, RangeEnd: null) },
            Operation.DeletePrefix d => new()
            {
                RequestDeleteRange = new DeleteRequest(key, KeyRange.EndOf(d.Key)),
            },
            _ => throw new UnreachableException($"no request for {operation}"),
        };
    }
}
