using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Holdfast.Lab.Status;

/// <summary>The answer of <c>lab status -o json</c>.</summary>
sealed record LabStatus(string Lab, ImmutableArray<HostStatus> Hosts);

/// <param name="State">up, down (switched off), paused, or unreachable (cut off, or its supervisor does not
/// answer).</param>
sealed record HostStatus(string Name, string Address, string State, ImmutableArray<ProgramStatus> Programs);

/// <param name="Pid">Null while it does not run, or when nobody can tell.</param>
sealed record ProgramStatus(string Name, string State, int? Pid, int Restarts)
{
    /// <summary>Why it is not ready, in the supervisor's words; left out where there is nothing to say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? About { get; init; }
}

/// <summary>The part of the supervisor's status that the lab needs.</summary>
sealed record SupervisorAnswer
{
    public string? Host { get; init; }
    public string? State { get; init; }
    public ImmutableArray<ProgramStatus> Programs { get; init; } = [];
}
