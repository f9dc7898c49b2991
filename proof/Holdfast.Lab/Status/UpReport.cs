using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Status;

/// <summary>The answer of <c>lab up -o json</c>, and in words.</summary>
/// <param name="Seconds">From the command's start until it was healthy.</param>
/// <param name="Missing">What it lacks, when it is not healthy.</param>
sealed record UpReport(
    string Lab,
    bool Healthy,
    bool AlreadyRunning,
    double Seconds,
    string? Primary,
    ImmutableArray<UpHost> Hosts,
    ImmutableArray<PublishedPort> Published,
    ImmutableArray<string> Missing)
{
    public static UpReport Of(LabState state, HealthView health, bool alreadyRunning, TimeSpan took) => new(
        state.Lab, health.IsWhole, alreadyRunning, Math.Round(took.TotalSeconds, 2), health.Primary,
        [
            .. state.Hosts.Select(host => new UpHost(host.Name, host.Address, health.Members
                .FirstOrDefault(member => string.Equals(member.Name, host.Name, StringComparison.Ordinal))?.Role)),
        ],
        state.Published, health.Missing);

    public IEnumerable<string> Lines()
    {
        if (AlreadyRunning)
            yield return $"lab {Lab} is running already; nothing was changed";
        yield return Healthy && AlreadyRunning ? $"lab {Lab}: healthy, primary is {Primary}"
            : Healthy ? string.Create(
                CultureInfo.InvariantCulture, $"lab {Lab}: healthy after {Seconds:0.0} s, primary is {Primary}")
            : $"lab {Lab} is not healthy: {string.Join("; ", Missing)}";
        foreach (var host in Hosts)
            yield return $"  {host.Name,-8} {host.Address,-15} {host.Role}";
        foreach (var port in Published)
            yield return $"  127.0.0.1:{port.Port,-5} {Meaning(port)}";
    }

    static string Meaning(PublishedPort port) => port.Role switch
    {
        "primary" => "PostgreSQL, the primary",
        "replicas" => "PostgreSQL, the replicas",
        "edge" => "http",
        "rest" => $"agent of {port.Host}",
        _ => port.Role,
    };
}

/// <param name="Role">As the agents say; null while nobody knows.</param>
sealed record UpHost(string Name, string Address, string? Role);
