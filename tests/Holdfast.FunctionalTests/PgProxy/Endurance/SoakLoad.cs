using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Holdfast.FunctionalTests.PgProxy.Pooled;
using Npgsql;
using NpgsqlTypes;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>What clients do all day: pgbench in three ways, programs with COPY, pipelines and cancels, some that sit
/// idle, and some that die.</summary>
sealed class SoakLoad(int port)
{
    const int IdleClients = 100, Programs = 4;

    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    long _completed, _programs, _failed;
    volatile string _lastFailure = "";

    /// <summary>Things that went as they should.</summary>
    public long Completed => Interlocked.Read(ref _completed);

    /// <summary>Of them, rounds of a program: COPY both ways, a pipeline, a cancel.</summary>
    public long Rounds => Interlocked.Read(ref _programs);

    /// <summary>For people.</summary>
    public string Told => $"{Completed} done, {Rounds} rounds, {Interlocked.Read(ref _failed)} failed {_lastFailure}";

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(
            [
                RepeatAsync(() => PgbenchAsync("-n -c 8 -j 1 -T 15 --max-tries=10", stop), stop),
                RepeatAsync(() => PgbenchAsync("-n -S -M prepared -c 8 -j 1 -T 15", stop), stop),
                RepeatAsync(() => PgbenchAsync("-n -S -C -c 2 -T 10", stop), stop),
                RepeatAsync(() => DieAsync(stop), stop),
                IdleAsync(stop),
                .. Enumerable.Range(0, Programs)
                    .Select(number => RepeatAsync(() => ProgramAsync(number, stop), stop)),
            ]);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    // What fails through a fault is begun anew.
    async Task RepeatAsync(Func<Task> work, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await work();
                Interlocked.Increment(ref _completed);
            }
            catch (Exception failed) when (failed is NpgsqlException or SocketException or IOException
                or InvalidOperationException || (failed is OperationCanceledException && !stop.IsCancellationRequested))
            {
                Interlocked.Increment(ref _failed);
                _lastFailure = $"({failed.Message.ReplaceLineEndings(" ")})";
                await Task.Delay(s_pause, stop);
            }
        }
    }

    // It ends by itself, or with the run. A fault may end some of its clients, and so its success.
    async Task PgbenchAsync(string options, CancellationToken stop)
    {
        using var pgbench = Start(options);
        try
        {
            await pgbench.WaitForExitAsync(stop);
        }
        finally
        {
            if (!pgbench.HasExited)
                pgbench.Kill();
        }
        if (pgbench.ExitCode != 0)
            throw new IOException("pgbench was stopped by a fault");
    }

    Process Start(string options) => Process.Start(new ProcessStartInfo(
        "sh", ["-c", $"exec pgbench -h 127.0.0.1 -p {port} -U postgres {options} postgres >/dev/null 2>&1"])
    {
        WorkingDirectory = "/",
        Environment = { ["PGPASSWORD"] = RealPostgres.Password, ["PGSSLMODE"] = "disable" },
    })!;

    // Killed in the middle of something; or reset in the middle of a COPY.
    async Task DieAsync(CancellationToken stop)
    {
        using var pgbench = Start("-n -c 4 -T 60");
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(500, 2000)), stop);
        }
        finally
        {
            pgbench.Kill();
        }
        using var talk = await Talk.LoginAsync(port);
        await talk.SayAsync(Step.To('G', Say.Query("COPY pgbench_history (tid) FROM STDIN")));
        await talk.Client.SendAsync(Say.CopyData("1\n2\n"));
        talk.Client.Socket.LingerState = new LingerOption(true, 0);
    }

    async Task IdleAsync(CancellationToken stop)
    {
        var idle = new List<NpgsqlConnection>();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if (idle.Count == IdleClients)
                {
                    await idle[0].DisposeAsync();
                    idle.RemoveAt(0);
                    await Task.Delay(s_pause, stop);
                }
                await RepeatOnceAsync(async () => idle.Add(await OpenAsync(stop)));
            }
        }
        finally
        {
            foreach (var connection in idle)
                await connection.DisposeAsync();
        }
    }

    async Task RepeatOnceAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (NpgsqlException)
        {
            Interlocked.Increment(ref _failed);
            await Task.Delay(s_pause);
        }
    }

    async Task<NpgsqlConnection> OpenAsync(CancellationToken stop)
    {
        var connection = new NpgsqlConnection(RealPostgres.Conninfo(port));
        try
        {
            await connection.OpenAsync(stop);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    async Task ProgramAsync(int number, CancellationToken stop)
    {
        await using var connection = await OpenAsync(stop);
        for (var turn = 0; turn < 20; turn++)
        {
            await CopyAsync(connection, number, stop);
            await PipelineAsync(connection, stop);
            await CancelAsync(connection, stop);
            Interlocked.Increment(ref _completed);
            Interlocked.Increment(ref _programs);
        }
    }

    static async Task CopyAsync(NpgsqlConnection connection, int number, CancellationToken stop)
    {
        await using (var import = await connection.BeginBinaryImportAsync(
            "COPY pgbench_history (tid, bid) FROM STDIN (FORMAT binary)", stop))
        {
            for (var row = 0; row < 500; row++)
            {
                await import.StartRowAsync(stop);
                await import.WriteAsync(row, NpgsqlDbType.Integer, stop);
                await import.WriteAsync(number, NpgsqlDbType.Integer, stop);
            }
            await import.CompleteAsync(stop);
        }
        using (var export = await connection.BeginTextExportAsync(
            "COPY (SELECT * FROM pgbench_accounts LIMIT 5000) TO STDOUT", stop))
            await export.ReadToEndAsync(stop);
        await using var forget = new NpgsqlCommand("TRUNCATE pgbench_history", connection);
        await forget.ExecuteNonQueryAsync(stop);
    }

    async Task PipelineAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection);
        for (var one = 0; one < 50; one++)
        {
            var (number, length) = (Random.Shared.Next(1000), Random.Shared.Next(20_000));
            var command = new NpgsqlBatchCommand(string.Create(
                CultureInfo.InvariantCulture, $"SELECT {number} + $1, repeat('x', {length})"));
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = one });
            batch.BatchCommands.Add(command);
        }
        if (Random.Shared.Next(4) == 0)
            await batch.PrepareAsync(stop);
        await batch.ExecuteNonQueryAsync(stop);
    }

    static async Task CancelAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(stop);
        soon.CancelAfter(TimeSpan.FromMilliseconds(50));
        await using var sleep = new NpgsqlCommand("SELECT pg_sleep(5)", connection);
        try
        {
            await sleep.ExecuteNonQueryAsync(soon.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // As asked.
        }
    }
}
