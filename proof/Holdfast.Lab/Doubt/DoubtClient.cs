using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Doubt;

/// <summary>How a client commits a row.</summary>
/// <param name="IsTransaction">BEGIN, INSERT and COMMIT, each by itself; else the INSERT alone.</param>
/// <param name="IsExtended">What commits is sent by the extended protocol.</param>
readonly record struct CommitKind(bool IsTransaction, bool IsExtended);

/// <summary>Writes row after row without a pause, and notes what it is told of each.</summary>
sealed class DoubtClient(DoubtSite site, int round, int number, CommitKind kind)
{
    /// <summary>After a login that did not succeed.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    readonly List<Promise> _promises = [];
    WireClient? _connection;
    double _committedMs = double.NegativeInfinity;

    /// <summary>Only once it has ended.</summary>
    public IReadOnlyList<Promise> Promises => _promises;

    /// <summary>When the last transaction began that was told committed; since the machine's boot.</summary>
    public double LastBeganMs => Volatile.Read(ref _committedMs);

    /// <summary>Of the connection that it has now.</summary>
    public ReadOnlyMemory<byte> CancelRequest => Volatile.Read(ref _connection)?.CancelRequest ?? default;

    /// <param name="over">Ends it behind the transaction that is under way.</param>
    /// <param name="stop">Ends it at once.</param>
    public async Task RunAsync(CancellationToken over, CancellationToken stop)
    {
        try
        {
            while (!over.IsCancellationRequested)
            {
                if (_connection is null && await site.TryLoginAsync(stop) is var fresh)
                    Volatile.Write(ref _connection, fresh);
                if (_connection is null)
                    await Task.Delay(Pause, TimeProvider.System, stop);
                else if (!await WriteAsync(_connection, stop))
                    Leave();
            }
        }
        finally
        {
            Leave();
        }
    }

    void Leave()
    {
        _connection?.Dispose();
        Volatile.Write(ref _connection, null);
    }

    /// <returns>Whether the connection can be used again.</returns>
    async Task<bool> WriteAsync(WireClient connection, CancellationToken stop)
    {
        var (row, began) = (new Row(number, _promises.Count + 1), Writer.Now);
        var (answer, atEnd) = await CommitAsync(connection, DoubtSite.Insert(round, row), stop);
        var told = atEnd ? TellRules.AtEnd(answer) : Told.RolledBack;
        _promises.Add(new Promise(row, told, TellRules.Code(answer), atEnd, began, Writer.Now));
        if (told == Told.Committed)
            Volatile.Write(ref _committedMs, began);
        if (!answer.IsWhole || answer.Status == 'I')
            return answer.IsWhole;
        return await connection.AskAsync("ROLLBACK", stop) is { IsSuccess: true, Status: 'I' };
    }

    async Task<(WireAnswer Answer, bool AtEnd)> CommitAsync(
        WireClient connection, string insert, CancellationToken stop)
    {
        if (!kind.IsTransaction)
            return (await LastAsync(connection, insert, stop), true);
        foreach (var step in (string[])["BEGIN", insert])
        {
            if (await connection.AskAsync(step, stop) is { IsSuccess: false } refused)
                return (refused, false);
        }
        return (await LastAsync(connection, "COMMIT", stop), true);
    }

    Task<WireAnswer> LastAsync(WireClient connection, string sql, CancellationToken stop) =>
        kind.IsExtended ? connection.ExecuteAsync(sql, stop) : connection.AskAsync(sql, stop);
}
