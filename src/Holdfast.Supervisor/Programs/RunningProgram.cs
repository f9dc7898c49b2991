using Holdfast.Foundation.Processes;

namespace Holdfast.Supervisor.Programs;

/// <summary>A process of ours, started or adopted.</summary>
/// <param name="Identity">Of the program itself; there is no shell in between.</param>
/// <param name="Ended">Completes with what became of it, in words; never fails.</param>
/// <param name="Group">The folder of its cgroup; null: none.</param>
internal sealed record RunningProgram(ProcessIdentity Identity, Task<string> Ended, Cgroup? Group);
