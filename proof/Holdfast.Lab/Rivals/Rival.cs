using System.Collections.Immutable;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Rivals;

/// <summary>Another program for the same task, on hosts of the same lab: the distribution's Patroni, with etcd and
/// HAProxy on each host.</summary>
/// <param name="Name">Also the variant in the results.</param>
/// <param name="Ttl">s</param>
/// <param name="LoopWait">s</param>
/// <param name="RetryTimeout">s</param>
/// <param name="PrimaryStartTimeout">s; 0: a dead primary is replaced rather than started again.</param>
/// <param name="Checks">HAProxy's of its servers.</param>
sealed record Rival(
    string Name, int Ttl, int LoopWait, int RetryTimeout, int PrimaryStartTimeout, string Checks)
{
    public static ImmutableArray<Rival> All { get; } =
    [
        // Patroni's defaults, and HAProxy as in Patroni's own sample.
        new(Variants.PatroniDefault, 30, 10, 10, 300, "inter 3s fall 3 rise 2"),
        // The least that its documentation allows; HAProxy faster than anybody's sample.
        new(Variants.PatroniFloor, 20, 1, 3, 0, "inter 500ms fall 2 rise 1"),
    ];

    /// <summary>The same hosts, addresses, ports and users as <paramref name="request"/> asks for.</summary>
    public LabRequest InPlaceOfHoldfast(LabRequest request) => request with
    {
        Rival = Name,
        Settings = new PatroniFiles(request.Cluster, this).All(),
        Node = ["sh", $"/etc/holdfast/{PatroniFiles.Node}"],
        AfterNode = ["true"],
    };
}
