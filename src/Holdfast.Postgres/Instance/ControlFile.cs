namespace Holdfast.Postgres.Instance;

/// <summary>Reads global/pg_control through pg_controldata, and only again when the file has changed.</summary>
sealed class ControlFile(DataDirectory data, Programs programs)
{
    readonly SemaphoreSlim _one = new(1, 1);
    (DateTime WrittenAt, ControlFacts Facts)? _latest;

    /// <summary>Null when there is no control file, or pg_controldata can't read it.</summary>
    public async ValueTask<ControlFacts?> ReadAsync(CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            var writtenAt = File.GetLastWriteTimeUtc(data.ControlFile);
            if (!File.Exists(data.ControlFile))
                return null;
            if (_latest is { } latest && latest.WrittenAt == writtenAt)
                return latest.Facts;
            var result = await programs.RunAsync(
                "pg_controldata", ["-D", data.Path], new RunLimits(InstanceLimits.ControlData), stop);
            if (!result.Ok)
                return null;
            var facts = ControlFacts.Parse(result.Output);
            _latest = (writtenAt, facts);
            return facts;
        }
        catch (FormatException)
        {
            return null; // Torn while it was written: the next look reads it again.
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>What was read last, however old: enough for what never changes.</summary>
    public async ValueTask<ControlFacts?> AnyAsync(CancellationToken stop) =>
        _latest is { } latest ? latest.Facts : await ReadAsync(stop);

    public void Forget() => _latest = null;
}
