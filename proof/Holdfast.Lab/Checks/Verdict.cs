namespace Holdfast.Lab.Checks;

/// <summary>What a check demanded, and what was seen.</summary>
sealed record Verdict(string Demand, bool Met, string Seen)
{
    public override string ToString() => $"{(Met ? "PASS" : "FAIL")}  {Demand}: {Seen}";
}
