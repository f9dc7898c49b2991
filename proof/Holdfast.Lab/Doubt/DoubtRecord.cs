using System.Text.Json;

namespace Holdfast.Lab.Doubt;

/// <summary>One round: a line of <c>bench/results/pgproxy-doubt.jsonl</c>.</summary>
/// <param name="Fault">postmaster, host or cancel-storm.</param>
/// <param name="Round">From 1; also in the table.</param>
/// <param name="Seed">Of the whole series.</param>
/// <param name="Primary">Harmed.</param>
/// <param name="Next">Primary afterwards.</param>
/// <param name="TookMs">The whole round.</param>
/// <param name="Told">Held against the table.</param>
/// <param name="Answers">More of what they were told.</param>
/// <param name="Proxy">What the proxy counted meanwhile.</param>
/// <param name="Outside">Of a storm: told committed before the cut, or after a primary served again.</param>
/// <param name="Within">Of a storm: told committed in between.</param>
sealed record DoubtRecord(
    DateTimeOffset At, string Fault, int Round, int Seed, string Primary, string Next, double TookMs,
    Reckoning Told, Answers Answers, ProxyCounts Proxy, int Outside, int Within)
{
    public bool HasMoved => Primary != Next;

    public static void Append(string? path, DoubtRecord record)
    {
        if (path is not null)
            File.AppendAllText(path, JsonSerializer.Serialize(record, LabLineJson.Default.DoubtRecord) + "\n");
    }

    public override string ToString() =>
        $"{(Told.Wrong == 0 ? "ok   " : "WRONG")} {Round}: {Fault} {Primary} -> {Next}, longest gap "
        + $"{Answers.LongestGapMs:0} ms, took {TookMs / 1_000:0.0} s; {Told.Summary}; told 08007 "
        + $"{Answers.Unknown} at the commit and "
        + $"{Answers.UnknownBefore} before it, no answer {Answers.Broken}; the proxy found "
        + $"{Proxy.FoundCommitted} committed, {Proxy.FoundRolledBack} rolled back, {Proxy.FoundNothing} unknown"
        + (Proxy.Cancels == 0 ? "" : $"; {Proxy.Cancels} cancels, {Proxy.Doubted} successes withheld, told committed "
            + $"{Outside} outside the cut and {Within} in it");
}
