using Holdfast.Foundation.Processes;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Faults;

/// <summary>Faults of one program on a host.</summary>
static class ProgramFaults
{
    /// <summary>SIGKILL to all of the program.</summary>
    /// <returns>How many processes there were.</returns>
    public static async Task<int> KillAsync(LabState state, LabHost host, string program, CancellationToken stop)
    {
        // Stopped processes start nobody new, so what is found after that is all of it.
        _ = await PauseAsync(state, host, program, stop);
        return await SignalAsync(state, host, program, Signal.Kill, stop);
    }

    /// <summary>SIGSTOP to all of the program.</summary>
    public static Task<int> PauseAsync(LabState state, LabHost host, string program, CancellationToken stop) =>
        SignalAsync(state, host, program, Signal.Stop, stop);

    public static Task<int> ResumeAsync(LabState state, LabHost host, string program, CancellationToken stop) =>
        SignalAsync(state, host, program, Signal.Continue, stop);

    static async Task<int> SignalAsync(
        LabState state, LabHost host, string program, Signal signal, CancellationToken stop) =>
        (await FindAsync(state, host, program, stop)).Count(process => process.TrySignal(signal));

    static async Task<IReadOnlyList<ProcessIdentity>> FindAsync(
        LabState state, LabHost host, string program, CancellationToken stop)
    {
        var found = await new HostProcesses(state, host).OfAsync(program, stop);
        return found.Count > 0 ? found : throw new LabException($"{program} does not run on {host.Name}");
    }
}
