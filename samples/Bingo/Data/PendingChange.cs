using Npgsql;

namespace Bingo.Data;

/// <summary>A change that is made and not committed. Disposing it without a commit undoes it.</summary>
sealed class PendingChange<T>(NpgsqlConnection connection, NpgsqlTransaction transaction, T result) : IAsyncDisposable
{
    public async Task<T> CommitAsync(CancellationToken stop)
    {
        await transaction.CommitAsync(stop);
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
