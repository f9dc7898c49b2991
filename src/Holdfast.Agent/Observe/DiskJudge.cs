using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Observe;

/// <summary>What the answers of the write probe come to. A word counts once it was said twice in a row: for trouble,
/// and for its end.</summary>
internal sealed class DiskJudge
{
    const int AnswersToSettle = 2;

    DiskTrouble _last;
    int _times;
    TimeSpan? _goodAt;
    (DiskTrouble Trouble, string Why) _settled = (DiskTrouble.None, "");

    /// <summary>Of dd's words, in the C locale: null when they blame us and not the disk (a folder that is not there
    /// yet, or not ours).</summary>
    public static (DiskTrouble Trouble, string Why)? Read(IReadOnlyList<string> complaints)
    {
        if (complaints.Count == 0)
            return (DiskTrouble.None, "");
        var text = string.Join("; ", complaints);
        DiskTrouble? trouble = text switch
        {
            _ when Says("No space left on device") || Says("Disk quota exceeded") => DiskTrouble.Full,
            _ when Says("Read-only file system") => DiskTrouble.ReadOnly,
            _ when Says("Permission denied") || Says("No such file or directory") || Says("Not a directory") => null,
            _ => DiskTrouble.Error,
        };
        return trouble is { } known ? (known, text) : null;

        bool Says(string words) => text.Contains(words, StringComparison.Ordinal);
    }

    /// <summary>True when the settled word changed.</summary>
    /// <param name="trouble">Of one round of writes; <see cref="DiskTrouble.Hung"/> has waited long enough already and
    /// settles at once.</param>
    /// <param name="why">In words.</param>
    /// <param name="now">CLOCK_BOOTTIME.</param>
    public bool Take(DiskTrouble trouble, string why, TimeSpan now)
    {
        if (trouble == DiskTrouble.None)
            _goodAt = now;
        _times = trouble == _last ? _times + 1 : 1;
        _last = trouble;
        var before = _settled.Trouble;
        if (_times >= AnswersToSettle || trouble is DiskTrouble.Hung)
            _settled = (trouble, why);
        return _settled.Trouble != before;
    }

    /// <param name="now">CLOCK_BOOTTIME.</param>
    public DiskView View(TimeSpan now) => new(_settled.Trouble, _settled.Why, now - (_goodAt ?? now));
}
