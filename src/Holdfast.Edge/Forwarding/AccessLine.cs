using System.Collections;

namespace Holdfast.Edge.Forwarding;

/// <summary>One request that ended: the values of its line, by name. Written out by hand, since a message that names
/// them all would say everything twice.</summary>
internal sealed record AccessLine : IReadOnlyList<KeyValuePair<string, object?>>
{
    public required string Id { get; init; }
    public required string Client { get; init; }
    public required string Method { get; init; }
    public required string Path { get; init; }
    public required string Route { get; init; }
    public required string Instance { get; init; }
    public required int Status { get; init; }

    /// <summary>Of the answer's body.</summary>
    public required long Bytes { get; init; }
    public required double Ms { get; init; }
    public required int Attempts { get; init; }

    /// <summary>Null: all went well.</summary>
    public required string? Failure { get; init; }

    public int Count => Failure is null ? 10 : 11;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("id", Id),
        1 => new("client", Client),
        2 => new("method", Method),
        3 => new("path", Path),
        4 => new("route", Route),
        5 => new("instance", Instance),
        6 => new("status", Status),
        7 => new("bytes", Bytes),
        8 => new("ms", Math.Round(Ms, 3)),
        9 => new("attempts", Attempts),
        10 => new("failure", Failure),
        _ => throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count}"),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var at = 0; at < Count; at++)
            yield return this[at];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{Method} {Path}: {Status}";
}
