using System.Collections.Immutable;
using Holdfast.Supervisor.Status;

namespace Holdfast.Supervisor.Decisions;

/// <summary>One word for a whole host: that of the program which is worst off.</summary>
static class NodeStates
{
    static readonly ImmutableArray<ProgramState> WorstFirst =
    [
        ProgramState.Failed, ProgramState.Backoff, ProgramState.Stopped,
        ProgramState.Starting, ProgramState.Running, ProgramState.Ready,
    ];

    public static ProgramState Of(ImmutableArray<ProgramStatus> programs) =>
        WorstFirst.First(state => state == ProgramState.Ready || programs.Any(program => program.State == state));
}
