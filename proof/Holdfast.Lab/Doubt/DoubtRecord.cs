using System.Text.Json;

namespace Holdfast.Lab.Doubt;

/// <summary>One round: a line of <c>bench/results/pgproxy-doubt.jsonl</c>.</summary>
/// <param name="Fault">postmaster, host or cancel-storm.</param>
/// <param name="Round">From 1; also in the table.</param>
/// <param name="Seed">Of the whole series.</param>
/// <param name="Primary">Harmed.</param>
/// <param name="Next">Primary afterwards.</param>
/// <param name="ServedMs">From the fault to the first success of what began after it; null: none.</param>
/// <param name="TookMs">The whole round.</param>
/// <param name="Told">Held against the table.</param>
/// <param name="Unknown">Transactions that were told 08007.</param>
/// <param name="Broken">Commits whose connection ended without an answer.</param>
/// <param name="Proxy">What the proxy counted meanwhile.</param>
/// <param name="Outside">Of a storm: told committed before the cut, or after a primary served again.</param>
/// <param name="Within">Of a storm: told committed in between.</param>
sealed record DoubtRecord(
    DateTimeOffset At, string Fault, int Round, int Seed, string Primary, string Next, double? ServedMs, double TookMs,
    Reckoning Told, int Unknown, int Broken, ProxyCounts Proxy, int Outside, int Within)
{
    public bool HasMoved => Primary != Next;

    public static void Append(string? path, DoubtRecord record)
    {
        if (path is not null)
            File.AppendAllText(path, JsonSerializer.Serialize(record, LabLineJson.Default.DoubtRecord) + "\n");
    }

    public override string ToString() =>
        $"{(Told.Wrong == 0 ? "ok   " : "WRONG")} {Round}: {Fault} {Primary} -> {Next}, served after {ServedMs:0} ms, "
        + $"{TookMs / 1_000:0.0} s; {Told.Summary}; told 08007 {Unknown}, no answer {Broken}; the proxy found "
        + $"{Proxy.FoundCommitted} committed, {Proxy.FoundRolledBack} rolled back, {Proxy.FoundNothing} unknown"
        + (Proxy.Cancels == 0 ? "" : $"; {Proxy.Cancels} cancels, {Proxy.Doubted} successes withheld, told committed "
            + $"{Outside} outside the cut and {Within} in it");
}
