using System.Text.Json;

namespace Holdfast.Agent.Rest;

/// <summary>What an operator asked for. <c>member</c> is an older word for <c>candidate</c>; null counts as
/// absent.</summary>
sealed record SwitchoverRequest(string? Leader, string? Candidate, string? ScheduledAt)
{
    /// <returns>Null when the body is not a JSON object with something in it.</returns>
    public static SwitchoverRequest? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.EnumerateObject().MoveNext()
                ? new(Text(root, "leader"), Text(root, "candidate") ?? Text(root, "member"), Text(root, "scheduled_at"))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 } text ? text : null;
}

/// <summary>An answer in plain text: the texts are Patroni's, since its tools show and compare them.</summary>
readonly record struct TextAnswer(int Code, string Text);
