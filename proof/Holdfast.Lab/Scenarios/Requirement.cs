using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Scenarios;

/// <summary>What is promised of a fault: nothing lost, no two writers, and for some a median outage.</summary>
static class Requirement
{
    /// <summary>An outage of this length has not ended by itself.</summary>
    public const double WorstSeconds = 30;

    /// <summary>Null: no limit but <see cref="WorstSeconds"/>.</summary>
    public static double? MedianSeconds(string fault, string variant) => (fault, variant) switch
    {
        ("postmaster", _) => 0.8,
        ("host", Variants.Takeover) => 1.5,
        ("host", _) => 3.5,
        ("host-with-etcd-leader", _) => 5.5,
        ("agent-frozen", _) => 3.8,
        ("switchover", _) => 0.6,
        _ => null,
    };
}
