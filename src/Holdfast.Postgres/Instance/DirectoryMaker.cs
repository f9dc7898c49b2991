using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>Makes data directories: initdb, base backup, rewind. Each is finished, synced and a standby before it
/// counts.</summary>
sealed class DirectoryMaker(
    InstanceSettings settings,
    DataDirectory data,
    DurableFiles files,
    Programs programs,
    ServerConfiguration configuration)
{
    // Of all tablespaces; the log that is written meanwhile is in the margin.
    const string Size = "SELECT coalesce(sum(pg_tablespace_size(oid)), 0)::int8 FROM pg_tablespace";

    readonly MissingLog _missing = new(settings, data, files);

    static readonly RunLimits CopyLimits =
        new(InstanceLimits.Backup, InstanceLimits.Stall, InstanceLimits.StallBeforeFirstByte,
            InstanceLimits.Crawl);

    // Before the first byte pg_rewind may have to recover the directory, and the source may make a checkpoint.
    static readonly RunLimits RewindLimits =
        new(InstanceLimits.Rewind, InstanceLimits.StallBeforeFirstByte, InstanceLimits.StallBeforeFirstByte);

    public async ValueTask<StepResult> InitializeAsync(CancellationToken stop)
    {
        if (data.State != DataState.Empty)
            return StepResult.Failed($"{data.Path} is not empty: initdb would destroy what is there");
        programs.EndLeftovers();
        await DeleteAsync(data.NewPath, stop);
        var result = await programs.RunAsync(
            "initdb",
            [
                "-D", data.NewPath, "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C",
                "--auth=trust", "--no-sync", "--username", settings.Superuser.User,
            ],
            new RunLimits(InstanceLimits.InitDb),
            stop);
        if (!result.Ok)
            return StepResult.Failed($"initdb: {result.Why}");
        files.CreateEmpty(Path.Combine(data.NewPath, "standby.signal"));
        if (await SyncFileSystemAsync(data.NewPath, stop) is { Ok: false } unsynced)
            return unsynced;
        data.TakeNew();
        configuration.SetSource(null);
        configuration.SetSynchronousStandbyNames("");
        configuration.Write();
        return StepResult.Done;
    }

    public async ValueTask<StepResult> CloneAsync(ServerAddress source, CancellationToken stop)
    {
        programs.EndLeftovers();
        await DeleteAsync(data.NewPath, stop);
        if (await RoomAsync(source, stop) is { Ok: false } without)
            return without;
        configuration.WritePassFile();
        var slot = await EnsureSlotAsync(source, stop);
        List<string> arguments =
        [
            "-d", Conninfo.Of(source, settings.Replication.User, settings.Name, data.PassFile, database: null),
            "-D", data.NewPath, "-X", "stream", "--checkpoint=fast", "--no-password", "--no-sync",
        ];
        // Without the member's own slot the backup uses a temporary one.
        if (slot.Ok)
            arguments.Add($"--slot={settings.Name.SlotName}");
        var result = await programs.RunAsync("pg_basebackup", arguments, CopyLimits, stop);
        if (!result.Ok)
        {
            await DeleteAsync(data.NewPath, stop); // Half a copy must not fill the volume.
            return StepResult.Failed($"pg_basebackup from {source.Name}: {result.Why}");
        }
        files.CreateEmpty(Path.Combine(data.NewPath, "standby.signal"));
        if (await SyncFileSystemAsync(data.NewPath, stop) is { Ok: false } unsynced)
            return unsynced;
        // The newest directory that is of its own is kept. A clone that never streamed is nobody's: it must not take
        // that one's place.
        if (data.KeepsFormer)
            await DeleteAsync(data.IsUnprovenClone ? data.Path : data.DivergedPath, stop);
        data.TakeNew();
        data.MarkCloned();
        return StepResult.Done;
    }

    /// <summary>The former directory stays until the clone is whole, so there must be room for both.</summary>
    ValueTask<StepResult> RoomAsync(ServerAddress source, CancellationToken stop) =>
        Sql.AttemptAsync($"size of {source.Name}", InstanceLimits.ClusterSize, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(source, settings.Superuser, bounded);
            var size = long.Parse(await session.ScalarAsync(Size, bounded) ?? "0", CultureInfo.InvariantCulture);
            var needed = (long)(size * (1 + InstanceLimits.RoomShare)) + InstanceLimits.RoomBytes;
            var free = new DriveInfo(data.Parent).AvailableFreeSpace;
            return free >= needed
                ? StepResult.Done
                : StepResult.Failed($"no room for a clone: {needed >> 20} MiB are needed and {free >> 20} MiB are free"
                    + $" in {data.Parent}; make room, for example by removing {data.DivergedPath} if it is there");
        }, stop);

    public async ValueTask<StepResult> RewindAsync(ServerAddress source, CancellationToken stop)
    {
        if (data.State != DataState.Usable)
            return StepResult.Failed($"{data.Path} is {data.State}: nothing to rewind");
        programs.EndLeftovers();
        configuration.WritePassFile();
        // Versions before 16 take the source's timeline from its control file, which a fresh promotion has not written
        // yet.
        var ready = await Sql.AttemptAsync($"checkpoint on {source.Name}", InstanceLimits.Checkpoint, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(source, settings.Superuser, bounded);
            await session.ExecuteAsync("CHECKPOINT", bounded);
            return StepResult.Done;
        }, stop);
        if (!ready.Ok)
            return ready;
        data.MarkRewinding();
        // A crashed directory is first recovered by a single-user server, which refuses to be a standby. The marker
        // holds meanwhile.
        data.RemoveSignals();
        var server = Conninfo.Of(source, settings.Rewind.User, settings.Name, data.PassFile, "postgres");
        var result = await RunRewindAsync(source, server, stop);
        data.EnsureStandbySignal();
        if (!result.Ok)
            return StepResult.Failed($"pg_rewind from {source.Name}: {result.Why}");
        configuration.Write();
        return await SyncFileSystemAsync(data.Path, stop);
    }

    /// <summary>pg_rewind reads back to the last checkpoint of the shared history, and changes nothing before it has
    /// found that: so what it misses can be fetched, and it can be run again.</summary>
    async ValueTask<ProgramResult> RunRewindAsync(ServerAddress source, string server, CancellationToken stop)
    {
        string[] arguments = ["--target-pgdata", data.Path, "--source-server", server, "--no-sync"];
        var result = await programs.RunAsync("pg_rewind", arguments, RewindLimits, stop);
        var fetched = new HashSet<string>(StringComparer.Ordinal);
        while (!result.Ok && fetched.Count < MissingLog.SegmentsMax
            && MissingLog.NameIn(result.Errors) is { } name && fetched.Add(name))
        {
            if (await _missing.FetchAsync(source, name, stop) is { Ok: false } failed)
                return result with { Errors = $"{result.Errors}\n{failed.Why}" };
            result = await programs.RunAsync("pg_rewind", arguments, RewindLimits, stop);
        }
        return result;
    }

    /// <summary>The last step of a rewind, once its result has been found to fit the source.</summary>
    public void FinishRewind() => data.UnmarkRewinding();

    ValueTask<StepResult> EnsureSlotAsync(ServerAddress source, CancellationToken stop) =>
        Sql.AttemptAsync($"slot on {source.Name}", InstanceLimits.Sql, async bounded =>
        {
            await using var session = await SqlSession.OpenSourceAsync(source, settings.Superuser, bounded);
            await MemberSlots.EnsureAsync(session, settings.Name.SlotName, bounded);
            return StepResult.Done;
        }, stop);

    /// <summary>syncfs(2) through sync(1): one call instead of one for each file, and it can be given up.</summary>
    async ValueTask<StepResult> SyncFileSystemAsync(string path, CancellationToken stop)
    {
        var result = await programs.RunPathAsync(
            "sync", ["--file-system", path], new RunLimits(InstanceLimits.SyncFileSystem), stop);
        return result.Ok ? StepResult.Done : StepResult.Failed($"sync of {path}: {result.Why}");
    }

    async ValueTask DeleteAsync(string path, CancellationToken stop)
    {
        if (!Directory.Exists(path))
            return;
        var result = await programs.RunPathAsync("rm", ["-rf", "--", path], new RunLimits(InstanceLimits.Delete), stop);
        if (!result.Ok)
            throw new IOException($"{path} can't be removed: {result.Why}");
    }
}
