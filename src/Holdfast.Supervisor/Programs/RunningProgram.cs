using Holdfast.Foundation.Processes;

namespace Holdfast.Supervisor.Programs;

/// <summary>A process of ours, started or adopted.</summary>
/// <param name="Identity">Of the program itself; there is no shell in between.</param>
/// <param name="Ended">Completes with what became of it; never fails.</param>
/// <param name="Group">The folder of its cgroup; null: none.</param>
/// <param name="IsAdopted">An earlier supervisor started it.</param>
internal sealed record RunningProgram(
    ProcessIdentity Identity, Task<ProgramEnd> Ended, Cgroup? Group, bool IsAdopted = false);

/// <summary>What became of a process.</summary>
/// <param name="Code">Its exit code, with 128 added to the number of a signal; null: it was not our child.</param>
internal readonly record struct ProgramEnd(int? Code)
{
    public override string ToString() => Code switch
    {
        null => "ended",
        > 128 => $"was killed by signal {Code - 128}",
        _ => $"ended with code {Code}",
    };
}
