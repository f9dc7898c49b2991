using System.Text.Json.Serialization;

namespace Holdfast.Store.Etcd;

// The messages of etcd's JSON gateway that we use (etcd API reference, rpc.proto). Bytes are base64, 64-bit numbers are
// text, and a field that is missing has its zero value; unknown fields are ignored. (What is missing is null here:
// source generated readers set every init-only property, so an initializer would be lost.)

sealed record RangeRequest
{
    public required byte[] Key { get; init; }
    public byte[]? RangeEnd { get; init; }
    public long Limit { get; init; }
    public long Revision { get; init; }
    public string? SortOrder { get; init; }
    public string? SortTarget { get; init; }
    public bool KeysOnly { get; init; }
    public bool CountOnly { get; init; }
}

sealed record PutRequest(byte[] Key, byte[] Value, long Lease);

sealed record DeleteRequest(byte[] Key, byte[]? RangeEnd);

sealed record OperationRequest
{
    public RangeRequest? RequestRange { get; init; }
    public PutRequest? RequestPut { get; init; }
    public DeleteRequest? RequestDeleteRange { get; init; }
}

sealed record CompareRequest
{
    public required string Target { get; init; }
    public required string Result { get; init; }
    public required byte[] Key { get; init; }
    public long CreateRevision { get; init; }
    public long ModRevision { get; init; }
    public byte[]? Value { get; init; }
    public long Lease { get; init; }
}

sealed record TxnRequest(CompareRequest[] Compare, OperationRequest[] Success, OperationRequest[]? Failure = null);

sealed record LeaseRequest
{
    [JsonPropertyName("ID")]
    public long Id { get; init; }

    [JsonPropertyName("TTL")]
    public long Ttl { get; init; }
}

sealed record WatchCreate(byte[] Key, byte[] RangeEnd, long StartRevision);

sealed record WatchRequest(WatchCreate CreateRequest);

sealed record EmptyRequest;

sealed record MoveLeaderRequest([property: JsonPropertyName("targetID")] ulong Target);

sealed record MemberAddRequest([property: JsonPropertyName("peerURLs")] string[] PeerUrls);

sealed record MemberRemoveRequest([property: JsonPropertyName("ID")] ulong Id);

sealed record HeaderAnswer
{
    public ulong ClusterId { get; init; }
    public ulong MemberId { get; init; }
    public long Revision { get; init; }
    public long RaftTerm { get; init; }

    public static StoreHeader Of(HeaderAnswer? header) =>
        header is null ? default : new(header.ClusterId, header.MemberId, header.Revision, header.RaftTerm);
}

sealed record KeyValueAnswer
{
    public byte[]? Key { get; init; }
    public byte[]? Value { get; init; }
    public long CreateRevision { get; init; }
    public long ModRevision { get; init; }
    public long Lease { get; init; }
}

sealed record RangeAnswer
{
    public HeaderAnswer? Header { get; init; }
    public KeyValueAnswer[]? Kvs { get; init; }
    public long Count { get; init; }
}

sealed record OperationAnswer
{
    public RangeAnswer? ResponseRange { get; init; }
}

sealed record TxnAnswer
{
    public HeaderAnswer? Header { get; init; }
    public bool Succeeded { get; init; }
    public OperationAnswer[]? Responses { get; init; }
}

sealed record LeaseAnswer
{
    public HeaderAnswer? Header { get; init; }

    [JsonPropertyName("ID")]
    public long Id { get; init; }

    [JsonPropertyName("TTL")]
    public long Ttl { get; init; }
    public string? Error { get; init; }
}

/// <summary>A line of a stream: either of the two is set.</summary>
sealed record KeepAliveLine
{
    public LeaseAnswer? Result { get; init; }
    public ErrorAnswer? Error { get; init; }
}

/// <summary>A line of a stream: either of the two is set.</summary>
sealed record WatchLine
{
    public WatchAnswer? Result { get; init; }
    public ErrorAnswer? Error { get; init; }
}

sealed record WatchAnswer
{
    public HeaderAnswer? Header { get; init; }
    public bool Created { get; init; }
    public bool Canceled { get; init; }
    public long CompactRevision { get; init; }
    public string? CancelReason { get; init; }
    public EventAnswer[]? Events { get; init; }
}

sealed record EventAnswer
{
    public const string Delete = "DELETE";

    /// <summary>Missing means PUT.</summary>
    public string? Type { get; init; }
    public KeyValueAnswer? Kv { get; init; }
}

/// <summary>An error as the gateways of etcd 3.4 to 3.6 write it, alone or inside a stream.</summary>
sealed record ErrorAnswer
{
    public int Code { get; init; }
    public int GrpcCode { get; init; }
    public string? Message { get; init; }
}

sealed record StatusAnswer
{
    public HeaderAnswer? Header { get; init; }
    public string? Version { get; init; }

    [JsonPropertyName("dbSize")]
    public long DatabaseBytes { get; init; }
    public ulong Leader { get; init; }

    [JsonPropertyName("raftTerm")]
    public long RaftTerm { get; init; }
}

sealed record MembersAnswer
{
    public MemberAnswer[]? Members { get; init; }
}

sealed record MemberAnswer
{
    [JsonPropertyName("ID")]
    public ulong Id { get; init; }
    public string? Name { get; init; }

    [JsonPropertyName("peerURLs")]
    public string[]? PeerUrls { get; init; }

    [JsonPropertyName("clientURLs")]
    public string[]? ClientUrls { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(TxnRequest))]
[JsonSerializable(typeof(LeaseRequest))]
[JsonSerializable(typeof(WatchRequest))]
[JsonSerializable(typeof(EmptyRequest))]
[JsonSerializable(typeof(MoveLeaderRequest))]
[JsonSerializable(typeof(MemberAddRequest))]
[JsonSerializable(typeof(MemberRemoveRequest))]
[JsonSerializable(typeof(TxnAnswer))]
[JsonSerializable(typeof(LeaseAnswer))]
[JsonSerializable(typeof(KeepAliveLine))]
[JsonSerializable(typeof(WatchLine))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(MembersAnswer))]
sealed partial class EtcdJson : JsonSerializerContext;
