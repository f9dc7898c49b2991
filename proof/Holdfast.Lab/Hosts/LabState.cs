using System.Collections.Immutable;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Faults;

namespace Holdfast.Lab.Hosts;

/// <summary>What a lab consists of: lab.json in its state folder. Written before anything is built, so that
/// <c>lab down</c> finds everything even when <c>lab up</c> was killed half way.</summary>
sealed record LabState
{
    public required string Lab { get; init; }

    /// <summary>The cluster file that it was started from, as a full path. The hosts see a copy.</summary>
    public required string File { get; init; }

    /// <summary>Of the machine's boot: another one means that all of it is gone.</summary>
    public required string BootId { get; init; }

    /// <summary>False while <c>lab up</c> is still building.</summary>
    public bool Complete { get; init; }

    public required LabNetwork Network { get; init; }

    /// <summary>In the file's order.</summary>
    public required ImmutableArray<LabHost> Hosts { get; init; }

    /// <summary>Names of programs that a fault may be aimed at, on whatever host.</summary>
    public ImmutableArray<string> Programs { get; init; } = HostProcesses.Usual;

    /// <summary>Whether the hosts have disks of their own.</summary>
    public bool HasDisks { get; init; }

    /// <summary>What its hosts run in Holdfast's place; null: Holdfast.</summary>
    public string? Rival { get; init; }

    public LabProcess? Relay { get; init; }
    public ImmutableArray<PublishedPort> Published { get; init; } = [];

    public LabHost Host(string name) =>
        Hosts.FirstOrDefault(host => string.Equals(host.Name, name, StringComparison.Ordinal))
        ?? throw new LabException(Wrong.Word("host", name, Hosts.Select(host => host.Name)));

    public LabState With(LabHost changed) => this with
    {
        Hosts = [
            .. Hosts.Select(host => string.Equals(host.Name, changed.Name, StringComparison.Ordinal) ? changed : host)
        ],
    };

    /// <summary>The port on 127.0.0.1 of a role; null when the file has none. <paramref name="host"/> only for
    /// <c>rest</c>.</summary>
    public int? PortOf(string role, string? host = null) => Published
        .FirstOrDefault(port => string.Equals(port.Role, role, StringComparison.Ordinal)
            && (host is null || string.Equals(port.Host, host, StringComparison.Ordinal)))
        ?.Port;
}

/// <param name="Namespace">Name of the bridge's network namespace.</param>
/// <param name="Gateway">The bridge's address: where relay, traffic and tools come from.</param>
/// <param name="PrefixLength">Of the network that holds all hosts.</param>
sealed record LabNetwork(string Namespace, string Gateway, int PrefixLength);

/// <param name="Index">Position in the file: names the host's port on the bridge.</param>
/// <param name="First">The host's first process, which holds its mount namespace; null before the host was
/// started.</param>
sealed record LabHost(string Name, string Address, int Index, string Namespace, LabProcess? First)
{
    /// <summary>What it is cut from at present: etcd, replicas, all.</summary>
    public ImmutableArray<string> Cuts { get; init; } = [];

    public bool IsRunning => First is { } first && first.Identity.IsAlive;
}

sealed record LabProcess(int Pid, ulong StartTicks)
{
    public static LabProcess Of(int pid) => ProcessIdentity.Of(pid) is { } found
        ? new LabProcess(found.Pid, found.StartTicks)
        : throw new LabException($"process {pid} ended at once");

    [System.Text.Json.Serialization.JsonIgnore]
    public ProcessIdentity Identity => new(Pid, StartTicks);
}

/// <summary>A port on 127.0.0.1 that the relay keeps open.</summary>
/// <param name="Role">primary, replicas, rest, etcd or edge.</param>
/// <param name="Host">The one host that it leads to; null: the first living one of <paramref name="Targets"/>.</param>
/// <param name="Port">0 until the relay has taken a free one.</param>
/// <param name="Targets">address:port, in the file's order.</param>
sealed record PublishedPort(string Role, string? Host, int Port, ImmutableArray<string> Targets);
