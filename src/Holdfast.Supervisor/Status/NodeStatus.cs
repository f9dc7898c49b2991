using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Holdfast.Supervisor.Status;

[JsonConverter(typeof(JsonStringEnumConverter<ProgramState>))]
public enum ProgramState
{
    /// <summary>Waits for what it comes after, or is being prepared.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>There is a process, which does not serve (yet).</summary>
    [JsonStringEnumMemberName("running")]
    Running,
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>It ended, and is started again shortly.</summary>
    [JsonStringEnumMemberName("backoff")]
    Backoff,

    /// <summary>It ended too often; one more try every minute.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
    [JsonStringEnumMemberName("stopped")]
    Stopped,
}

/// <param name="Name">Unique on the host.</param>
/// <param name="State">Now.</param>
/// <param name="Pid">Null while it does not run.</param>
/// <param name="Restarts">Since the supervisor began.</param>
public sealed record ProgramStatus(string Name, ProgramState State, int? Pid, int Restarts)
{
    /// <summary>Why it is not ready, for people; null, and then left out, where there is nothing to say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? About { get; init; }
}

/// <summary>What the supervisor tells of its host.</summary>
/// <param name="Host">Its name in the file.</param>
/// <param name="State">That of the program which is worst off.</param>
/// <param name="Pid">The supervisor's.</param>
/// <param name="Programs">In dependency order.</param>
/// <param name="DeadlineMs">Until PostgreSQL may write, from now; null: it may not.</param>
/// <param name="Term">Of the fence ticket; null: none yet.</param>
/// <param name="PostmasterPid">By the fence ticket, if that process lives.</param>
public sealed record NodeStatus(
    string Host,
    ProgramState State,
    int Pid,
    ImmutableArray<ProgramStatus> Programs,
    long? DeadlineMs,
    long? Term,
    int? PostmasterPid);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NodeStatus))]
public sealed partial class StatusJson : JsonSerializerContext;
