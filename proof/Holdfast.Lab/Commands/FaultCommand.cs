using System.CommandLine;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Commands;

static class FaultCommand
{
    public static Command Create() => new("fault", "Breaks something, for real, or mends it")
    {
        Verb("kill-host", "Switches a host off, without a goodbye", program: false, async (state, host, _, stop) =>
        {
            await HostFaults.KillAsync(state, host, stop);
            return $"{host.Name} is down";
        }),
        Verb("start-host", "Switches a killed host on again", program: false, async (state, host, _, stop) =>
        {
            await HostFaults.StartAsync(state, host, stop);
            return $"{host.Name} is up";
        }),
        Verb("kill-program", "Kills all processes of a program", program: true, async (state, host, program, stop) =>
            $"killed {await ProgramFaults.KillAsync(state, host, program ?? Missing(state), stop)} processes of "
                + $"{program} on {host.Name}"),
        Verb("pause", "Freezes a host, or one program", program: true, PauseAsync),
        Verb("resume", "Goes on after a pause", program: true, ResumeAsync),
        CutVerb(),
        HealVerb(),
        FreezeVerb(),
        ThawVerb(),
        FillVerb(),
        EmptyVerb(),
    };

    static Command FreezeVerb() => Verb(
        "freeze-etcd-disk", "Freezes the disk below etcd (needs up --disks)", program: false,
        async (state, host, _, stop) =>
        {
            await DiskFaults.FreezeEtcdAsync(state, host, stop);
            return $"etcd's disk of {host.Name} is frozen";
        });

    static Command ThawVerb() => Verb("thaw-disk", "Ends that", program: false, async (state, host, _, stop) =>
    {
        await DiskFaults.ThawAsync(state, host, stop);
        return $"the disks of {host.Name} go on";
    });

    static Command FillVerb() => Verb(
        "fill-disk", "Takes all space of PostgreSQL's disk (needs up --disks)", program: false,
        async (state, host, _, stop) =>
        {
            await DiskFaults.FillAsync(state, host, stop);
            return $"the disk of {host.Name} is full";
        });

    static Command EmptyVerb() => Verb("empty-disk", "Gives that space back", program: false, (state, host, _, _) =>
    {
        DiskFaults.Empty(state, host);
        return Task.FromResult($"the disk of {host.Name} has space again");
    });

    delegate Task<string> Fault(LabState state, LabHost host, string? program, CancellationToken stop);

    static Command Verb(string verb, string meaning, bool program, Fault fault)
    {
        var host = new Argument<string>("HOST");
        var target = new Argument<string?>("PROGRAM")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = $"{string.Join(", ", HostProcesses.Usual)}, edge, or the name of an app",
        };
        var name = Options.Name();
        var command = new Command(verb, meaning) { host, name };
        if (program)
            command.Add(target);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(name), parsed.GetValue(host)!,
            (state, found) => fault(state, found, program ? parsed.GetValue(target) : null, stop), stop));
        return command;
    }

    static async Task<string> PauseAsync(LabState state, LabHost host, string? program, CancellationToken stop)
    {
        if (program is not null)
            return $"paused {await ProgramFaults.PauseAsync(state, host, program, stop)} processes of {program} on " +
                $"{host.Name}";
        await HostFaults.PauseAsync(state, host, stop);
        return $"{host.Name} is paused";
    }

    static async Task<string> ResumeAsync(LabState state, LabHost host, string? program, CancellationToken stop)
    {
        if (program is not null)
            return $"resumed {await ProgramFaults.ResumeAsync(state, host, program, stop)} processes of {program} on " +
                $"{host.Name}";
        await HostFaults.ResumeAsync(state, host, stop);
        return $"{host.Name} goes on";
    }

    static Command CutVerb()
    {
        var host = new Argument<string>("HOST");
        var from = new Option<string>("--from")
        {
            Description = "etcd, replicas or all",
            DefaultValueFactory = static _ => Cut.All
        };
        var name = Options.Name();
        var command = new Command("cut", "Silently drops a host's packets") { host, from, name };
        command
            .SetAction((parsed, stop) => RunAsync(parsed.GetValue(name), parsed.GetValue(host)!, async (state, found) =>
        {
            var cut = Cut.From(parsed.GetValue(from)!, LabFile.Of(state), found);
            await HostFaults.CutAsync(state, found, cut, stop);
            return $"{found.Name} is cut from {cut.Name}";
        }, stop));
        return command;
    }

    static Command HealVerb()
    {
        var host = new Argument<string?>("HOST") { Arity = ArgumentArity.ZeroOrOne };
        var name = Options.Name();
        var command = new Command("heal", "Ends the cuts of a host, or of all") { host, name };
        command.SetAction(async (parsed, stop) =>
        {
            var state = Labs.Get(parsed.GetValue(name));
            var hosts = parsed.GetValue(host) is { } given ? [state.Host(given)] : state.Hosts.ToArray();
            foreach (var one in hosts)
            {
                await RunAsync(state.Lab, one.Name, async (now, found) =>
                {
                    await HostFaults.HealAsync(now, found, stop);
                    return $"{found.Name} is healed";
                }, stop);
            }
            return 0;
        });
        return command;
    }

    /// <summary>One at a time: each fault changes the lab's state file.</summary>
    static async Task<int> RunAsync(
        string? lab, string host, Func<LabState, LabHost, Task<string>> fault, CancellationToken stop)
    {
        using var taken = await Labs.LockAsync(stop);
        var state = Labs.Get(lab);
        Console.WriteLine(await fault(state, state.Host(host)));
        return 0;
    }

    static string Missing(LabState state) =>
        throw new LabException($"kill-program needs a program: {string.Join(", ", state.Programs)}");
}
