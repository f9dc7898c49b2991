using Bingo.Configuration;
using Bingo.Preparing;
using Npgsql;

namespace Bingo.Commands;

/// <summary>Makes and fills the tables, once.</summary>
static class PrepareDb
{
    public static async Task<int> RunAsync(
        BingoSettings settings, Invocation.PrepareDb asked, TextWriter output, TextWriter errors)
    {
        var amounts = Amounts.Of(settings.Prepare, asked.Scale);
        var progress = new Progress(output, amounts, isTerminal: !Console.IsOutputRedirected);
        var preparation = new Preparation(settings.Postgres, amounts, progress, TimeProvider.System);
        try
        {
            var result = await preparation.RunAsync(asked.Wait, message => errors.WriteLineAsync($"bingo: {message}"));
            progress.End();
            await output.WriteLineAsync($"bingo: {result}");
            return ExitCodes.Done;
        }
        catch (PreparationException failure)
        {
            progress.End();
            await errors.WriteLineAsync($"bingo prepare_db: {failure.Message}");
            return ExitCodes.Failed;
        }
        catch (NpgsqlException failure)
        {
            progress.End();
            await errors.WriteLineAsync(
                $"bingo prepare_db: the database at {settings.Postgres.Primary} failed: "
                + $"{failure.Message.TrimEnd('.')}. Nothing was kept; run it again.");
            return ExitCodes.Failed;
        }
    }
}
