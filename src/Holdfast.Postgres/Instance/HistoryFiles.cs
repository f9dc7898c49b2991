namespace Holdfast.Postgres.Instance;

/// <summary>The .history files of this data directory.</summary>
sealed class HistoryFiles(DataDirectory data)
{
    /// <summary>Null when the file is missing; timeline 1 has none and needs none.</summary>
    public TimelineHistory? Read(int timeline)
    {
        var path = Path.Combine(data.WalFolder, TimelineHistory.FileName(timeline));
        return timeline == 1 ? new TimelineHistory(1, [])
            : File.Exists(path) ? TimelineHistory.Parse(timeline, File.ReadAllText(path))
            : null;
    }

    /// <summary>Those above <paramref name="timeline"/>, oldest first.</summary>
    public IEnumerable<TimelineHistory> After(int timeline) =>
        Numbers().Where(number => number > timeline).Order().Select(Read).OfType<TimelineHistory>();

    /// <summary>The newest; null on timeline 1.</summary>
    public TimelineHistory? Newest() => Numbers().DefaultIfEmpty().Max() is var newest and > 0 ? Read(newest) : null;

    IEnumerable<int> Numbers() =>
        Directory.Exists(data.WalFolder)
            ? Directory.EnumerateFiles(data.WalFolder, "*.history")
                .Select(path => TimelineHistory.TimelineOf(Path.GetFileName(path)))
                .OfType<int>()
            : [];
}
