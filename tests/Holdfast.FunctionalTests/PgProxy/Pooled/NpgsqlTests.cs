using Holdfast.PgProxy.Pooling;
using Npgsql;
using NpgsqlTypes;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Npgsql with all that it does, through both ports in both modes.</summary>
public sealed class NpgsqlTests(PostgresPair postgres) : PooledPair(postgres)
{
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Copy_works_in_both_directions_and_formats(PoolMode mode)
    {
        const int Rows = 5000;
        var proxy = Start(mode);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS copied (id int, text text); TRUNCATE copied");
        await using (var import = await connection.BeginBinaryImportAsync(
            "COPY copied FROM STDIN (FORMAT binary)", Stop))
        {
            for (var row = 0; row < Rows; row++)
            {
                await import.StartRowAsync(Stop);
                await import.WriteAsync(row, NpgsqlDbType.Integer, Stop);
                await import.WriteAsync($"row {row}", NpgsqlDbType.Text, Stop);
            }
            (await import.CompleteAsync(Stop)).ShouldBe((ulong)Rows);
        }
        await using (var text = await connection.BeginTextImportAsync("COPY copied FROM STDIN", Stop))
        {
            for (var row = Rows; row < 2 * Rows; row++)
                await text.WriteAsync($"{row}\trow {row}\n".AsMemory(), Stop);
        }
        await Postgres.StandbyHasAllAsync();
        await using var standby = await OpenAsync(proxy.ReplicasPort);
        foreach (var reader in (NpgsqlConnection[])[connection, standby])
        {
            using (var export = await reader.BeginTextExportAsync("COPY copied TO STDOUT", Stop))
                (await export.ReadToEndAsync(Stop)).Split('\n').Length.ShouldBe((2 * Rows) + 1);
            await using var binary = await reader.BeginBinaryExportAsync(
                "COPY (SELECT * FROM copied ORDER BY id) TO STDOUT (FORMAT binary)", Stop);
            var id = 0;
            for (; await binary.StartRowAsync(Stop) != -1; id++)
            {
                (await binary.ReadAsync<int>(Stop)).ShouldBe(id);
                (await binary.ReadAsync<string>(Stop)).ShouldBe($"row {id}");
            }
            id.ShouldBe(2 * Rows);
        }
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_prepared_statement_is_used_again_and_again(PoolMode mode)
    {
        var proxy = Start(mode);
        foreach (var port in (int[])[proxy.PrimaryPort, proxy.ReplicasPort])
        {
            await using var connection = await OpenAsync(port);
            await using var prepared = new NpgsqlCommand("SELECT 'row ' || $1::int", connection);
            prepared.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 0 });
            await prepared.PrepareAsync(Stop);
            for (var turn = 0; turn < 50; turn++)
            {
                prepared.Parameters[0].Value = turn;
                (await prepared.ExecuteScalarAsync(Stop)).ShouldBe($"row {turn}");
            }
            await prepared.UnprepareAsync(Stop);
            (await prepared.ExecuteScalarAsync(Stop)).ShouldBe("row 49");
        }
    }

    [Theory]
    [InlineData(PoolMode.Session, false), InlineData(PoolMode.Session, true)]
    [InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Transaction, true)]
    public async Task A_batch_is_a_pipeline(PoolMode mode, bool isPrepared)
    {
        const int Count = 200;
        var proxy = Start(mode);
        foreach (var port in (int[])[proxy.PrimaryPort, proxy.ReplicasPort])
        {
            await using var connection = await OpenAsync(port);
            await using var batch = new NpgsqlBatch(connection);
            for (var turn = 0; turn < Count; turn++)
            {
                var command = new NpgsqlBatchCommand($"SELECT {turn % 5} + $1::int");
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = turn });
                batch.BatchCommands.Add(command);
            }
            if (isPrepared)
                await batch.PrepareAsync(Stop);
            for (var again = 0; again < 3; again++)
            {
                await using var results = await batch.ExecuteReaderAsync(Stop);
                for (var turn = 0; turn < Count; turn++)
                {
                    (await results.ReadAsync(Stop)).ShouldBeTrue();
                    results.GetInt32(0).ShouldBe(turn + (turn % 5));
                    await results.NextResultAsync(Stop);
                }
            }
        }
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task An_error_in_a_batch_is_its_commands_alone(PoolMode mode)
    {
        var proxy = Start(mode, size: 1);
        await using var connection = new NpgsqlConnection(
            $"{RealPostgres.Conninfo(proxy.PrimaryPort)};Include Failed Batched Command=true");
        await connection.OpenAsync(Stop);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in (string[])["SELECT 1", "SELECT 1 / 0", "SELECT 3"])
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        (await Should.ThrowAsync<PostgresException>(batch.ExecuteNonQueryAsync(Stop)))
            .BatchCommand.ShouldBe(batch.BatchCommands[1]);
        batch.EnableErrorBarriers = true;
        (await Should.ThrowAsync<PostgresException>(batch.ExecuteNonQueryAsync(Stop))).SqlState.ShouldBe("22012");
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    [Theory]
    [InlineData(PoolMode.Session, true), InlineData(PoolMode.Session, false)]
    [InlineData(PoolMode.Transaction, true), InlineData(PoolMode.Transaction, false)]
    public async Task It_multiplexes_over_prepared_statements(PoolMode mode, bool isPrimary)
    {
        var proxy = Start(mode, size: mode == PoolMode.Session ? 6 : 3);
        var port = isPrimary ? proxy.PrimaryPort : proxy.ReplicasPort;
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(port))
        {
            Pooling = true,
            Multiplexing = true,
            MaxAutoPrepare = 10,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 6,
        };
        await using var source = NpgsqlDataSource.Create(conninfo.ConnectionString);
        var sums = await Task.WhenAll(Enumerable.Range(0, 500).Select(async number =>
        {
            await using var command = source.CreateCommand($"SELECT $1 + {number % 7}");
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = number });
            return (int)(await command.ExecuteScalarAsync(Stop))! - number - (number % 7);
        }));
        sums.ShouldAllBe(rest => rest == 0);
    }

    // Its reset goes together with the next use's first message.
    [Theory]
    [InlineData(PoolMode.Session, true), InlineData(PoolMode.Session, false)]
    [InlineData(PoolMode.Transaction, true), InlineData(PoolMode.Transaction, false)]
    public async Task It_pools_and_prepares_on_top(PoolMode mode, bool isPrimary)
    {
        var proxy = Start(mode, size: mode == PoolMode.Session ? 8 : 2);
        var port = isPrimary ? proxy.PrimaryPort : proxy.ReplicasPort;
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(port))
        {
            Pooling = true,
            MaxAutoPrepare = 16,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 6,
        };
        await using var source = NpgsqlDataSource.Create(conninfo.ConnectionString);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async number =>
        {
            for (var turn = 0; turn < 50; turn++)
            {
                await using var connection = await source.OpenConnectionAsync(Stop);
                (await Queries.AskAsync(connection, $"SELECT {turn % 5}")).ShouldBe(turn % 5);
                await using var command = new NpgsqlCommand("SELECT $1 + 1", connection);
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = number });
                (await command.ExecuteScalarAsync(Stop)).ShouldBe(number + 1);
            }
        }));
    }
}
