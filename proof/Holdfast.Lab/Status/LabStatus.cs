using System.Collections.Immutable;

namespace Holdfast.Lab.Status;

/// <summary>The answer of <c>lab status -o json</c>.</summary>
sealed record LabStatus(string Lab, ImmutableArray<HostStatus> Hosts);

/// <param name="State">up, down (switched off), paused, or unreachable (cut off, or its supervisor does not
/// answer).</param>
sealed record HostStatus(string Name, string Address, string State, ImmutableArray<ProgramStatus> Programs);

/// <param name="Pid">Null while it does not run, or when nobody can tell.</param>
sealed record ProgramStatus(string Name, string State, int? Pid, int Restarts);

/// <summary>The part of the supervisor's status that the lab needs.</summary>
sealed record SupervisorAnswer
{
    public string? Host { get; init; }
    public string? State { get; init; }
    public ImmutableArray<ProgramStatus> Programs { get; init; } = [];
}
