using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Hosts;
using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>Writes through the primary's port and reads through the replicas', for a while; then compares what it was
/// told with what is there.</summary>
sealed class Traffic(LabState state, ClusterFile file)
{
    const int Writers = 4, Readers = 2, AnswersMax = 10_000_000;
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan PreparePause = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan ReplayLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long the end of a run waits for a primary, so that ledger and table can be compared.</summary>
    static readonly TimeSpan CompareLimit = TimeSpan.FromSeconds(60);

    readonly Credentials _credentials = Credentials.Of(file);

    /// <param name="period">How long the workers write.</param>
    /// <param name="direct">Also try every PostgreSQL without the proxy, and look for two writers.</param>
    /// <param name="ledgerFile">Where every attempt is written, a line of JSON each; null: nowhere.</param>
    /// <param name="stop">Ends the writing early; the comparison is still made.</param>
    public async Task<TrafficReport> RunAsync(TimeSpan period, bool direct, string? ledgerFile, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var flow = await StartAsync(direct, over.Token, stop);
        over.CancelAfter(period);
        return await EndAsync(flow, untilMs: null, ledgerFile);
    }

    /// <summary>Returns once the workers have been started.</summary>
    /// <param name="direct">As for <see cref="RunAsync"/>.</param>
    /// <param name="over">Ends the writing; <see cref="EndAsync"/> waits for it.</param>
    /// <param name="stop">Gives up the preparation.</param>
    public async Task<TrafficFlow> StartAsync(bool direct, CancellationToken over, CancellationToken stop)
    {
        var primary = Port("primary");
        await RetryAsync(
            primary,
            TrafficTable.Create,
            CompareLimit,
            static command => command.ExecuteNonQueryAsync(CancellationToken.None),
            stop);
        await AwaitReplicasAsync(stop);
        var ledger = new Ledger(TimeProvider.System.GetUtcNow());
        var probing = direct ? DirectWriters.RunAsync(state, file, over) : null;
        return new TrafficFlow(
            ledger, Writer.Now, Task.WhenAll(Workers(primary, ledger).Select(run => run(over))), probing);
    }

    /// <summary>Waits for the end of the writing, then compares.</summary>
    /// <param name="flow">Of <see cref="StartAsync"/>.</param>
    /// <param name="untilMs">Outages after this moment (since boot) do not count; null: the end.</param>
    /// <param name="ledgerFile">As for <see cref="RunAsync"/>.</param>
    public async Task<TrafficReport> EndAsync(TrafficFlow flow, double? untilMs, string? ledgerFile)
    {
        await flow.Workers;
        var ended = Writer.Now;
        var probed = flow.Probing is { } probing ? await probing : [];
        if (ledgerFile is not null)
            await LedgerFile.WriteAsync(ledgerFile, flow.Ledger.Attempts.Concat(probed), CancellationToken.None);
        int? dual = flow.Probing is null ? null : TwoWriters.Find(flow.Ledger.Attempts.Concat(probed)).Count;
        var last = probed.Select(attempt => attempt.Id).Append(flow.Ledger.Last).Max();
        var present = await PresentAsync(Port("primary"), flow.Ledger.First, last);
        return TrafficReport.Of(flow.Ledger, probed, present, flow.BeganMs, untilMs ?? ended, dual);
    }

    IEnumerable<Func<CancellationToken, Task>> Workers(int primary, Ledger ledger)
    {
        var write = _credentials.ConnectionString("127.0.0.1", primary);
        for (var worker = 0; worker < Writers; worker++)
            yield return new Writer(write, worker, Pace, ledger).RunAsync;
        if (state.PortOf("replicas") is not { } replicas)
            yield break;
        var read = _credentials.ConnectionString("127.0.0.1", replicas);
        for (var worker = 0; worker < Readers; worker++)
            yield return new Reader(read, Pace, ledger).RunAsync;
    }

    /// <summary>A table that replicas have not replayed yet is no error of theirs. Where none lives, the readers will
    /// say so.</summary>
    async Task AwaitReplicasAsync(CancellationToken stop)
    {
        if (state.PortOf("replicas") is not { } replicas)
            return;
        try
        {
            _ = await RetryAsync(
                replicas,
                TrafficTable.Read,
                ReplayLimit,
                static command => command.ExecuteScalarAsync(CancellationToken.None),
                stop);
        }
        catch (LabException)
        {
            // Nothing to wait for.
        }
    }

    Task<HashSet<long>> PresentAsync(
        int primary, long first, long last) => RetryAsync(primary, TrafficTable.ReadAll, CompareLimit, async command =>
    {
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = first });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
        var present = new HashSet<long>();
        await using var rows = await command.ExecuteReaderAsync(CancellationToken.None);
        while (present.Count < AnswersMax && await rows.ReadAsync(CancellationToken.None))
            present.Add(rows.GetInt64(0));
        return present;
    }, CancellationToken.None);

    async Task<T> RetryAsync<T>(
        int port, string sql, TimeSpan limit, Func<NpgsqlCommand, Task<T>> run, CancellationToken stop)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(_credentials.ConnectionString("127.0.0.1", port));
                await connection.OpenAsync(stop);
                await using var command =
                    new NpgsqlCommand(sql, connection) { CommandTimeout = (int)CompareLimit.TotalSeconds };
                return await run(command);
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
            {
                if (TimeProvider.System.GetElapsedTime(began) > limit)
                    throw new LabException(
                        $"no answer behind port {port} within {limit.TotalSeconds} s: {failure.Message}", failure);
                await Task.Delay(PreparePause, TimeProvider.System, stop);
            }
        }
    }

    int Port(string role) =>
        state.PortOf(role) ?? throw new LabException($"lab {state.Lab} publishes no {role}: its file has no pgproxy");
}
