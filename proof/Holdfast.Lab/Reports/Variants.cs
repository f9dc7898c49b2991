namespace Holdfast.Lab.Reports;

/// <summary>Names of settings and programs under which the same fault was measured; any other word will do
/// too.</summary>
static class Variants
{
    /// <summary>Holdfast, where a lost leader is replaced once its lease has ended.</summary>
    public const string Lease = "lease";

    /// <summary>Holdfast with the takeover before that.</summary>
    public const string Takeover = "takeover";

    /// <summary>In a comparison: Holdfast, and the distribution's Patroni by its defaults and at its limits.</summary>
    public const string Holdfast = "holdfast", PatroniDefault = "patroni-default", PatroniFloor = "patroni-floor";
}
