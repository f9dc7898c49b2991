namespace Holdfast.Postgres.Instance;

/// <summary>Whether a copy still comes forward: it has stalled when it moves nothing, and crawls when it would never
/// end. Pure; times on any one clock.</summary>
sealed class CopyProgress(RunLimits limits, TimeSpan startedAt)
{
    /// <summary>Until so much was moved a program may still be waiting for the source's checkpoint.</summary>
    const long FirstBytes = 1024 * 1024;

    long _moved;
    TimeSpan _movedAt = startedAt;
    (long Moved, TimeSpan At) _mark = (0, startedAt);

    /// <summary>In words why it should be given up; null: let it go on.</summary>
    /// <param name="moved">Bytes so far.</param>
    /// <param name="now">The time of this look.</param>
    public string? Look(long moved, TimeSpan now)
    {
        if (moved != _moved)
            (_moved, _movedAt) = (moved, now);
        var allowed = moved < FirstBytes ? limits.StallBeforeFirstByte ?? limits.Stall : limits.Stall;
        if (now - _movedAt > allowed)
            return $"stalled: nothing moved for {allowed}";
        return moved < FirstBytes ? Begin(moved, now) : Crawls(moved, now);
    }

    string? Begin(long moved, TimeSpan now)
    {
        _mark = (moved, now);
        return null;
    }

    string? Crawls(long moved, TimeSpan now)
    {
        if (limits.Crawl is not { } crawl || now - _mark.At < crawl.Window)
            return null;
        var bytes = moved - _mark.Moved;
        _mark = (moved, now);
        return bytes < crawl.BytesMin
            ? $"crawls: {bytes} bytes in {crawl.Window}, at least {crawl.BytesMin} expected"
            : null;
    }
}

/// <summary>A copy that moves less than <paramref name="BytesMin"/> in a <paramref name="Window"/> is given
/// up.</summary>
readonly record struct CrawlLimit(TimeSpan Window, long BytesMin);
