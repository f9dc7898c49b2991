using System.Text.Json;
using Holdfast.Lab;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Workloads;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary><c>lab traffic --direct</c> beside a test: what clients felt of the fault.</summary>
sealed class Load : IDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly string _ledger = Path.GetTempFileName();
    readonly Task<ToolResult> _running;

    Load(RunningLab lab, int seconds) => _running = LabProgram.RunAsync(
        "traffic", "--name", lab.Name, "--for", $"{seconds}s", "--direct", "-o", "json", "--ledger", _ledger);

    /// <summary>Returns once inserts are being acknowledged.</summary>
    public static async Task<Load> StartAsync(RunningLab lab, int seconds = 15)
    {
        var before = await LastIdAsync(lab);
        var load = new Load(lab, seconds);
        var flows = await Wait.ForAsync(
            async () => load._running.IsCompleted || await LastIdAsync(lab) > before, StartLimit, Stop);
        flows.ShouldBeTrue("no insert was acknowledged");
        return load;
    }

    /// <summary>Waits for the end of the run.</summary>
    public async Task<(TrafficReport Report, IReadOnlyList<Attempt> Attempts)> EndAsync()
    {
        var result = await _running;
        result.Output.ShouldNotBeEmpty(result.Error);
        var report = JsonSerializer.Deserialize(result.Output, LabJson.Default.TrafficReport)!;
        TestContext.Current.TestOutputHelper?.WriteLine(result.Output);
        var lines = await File.ReadAllLinesAsync(_ledger, Stop);
        return (report, [.. lines.Select(LedgerFile.Parse).OfType<Attempt>()]);
    }

    public void Dispose() => File.Delete(_ledger);

    static async Task<long> LastIdAsync(RunningLab lab)
    {
        try
        {
            await using var connection =
                new NpgsqlConnection(Credentials.Of(lab.File).ConnectionString("127.0.0.1", lab.PrimaryPort));
            await connection.OpenAsync(Stop);
            await using var read = new NpgsqlCommand("SELECT max(id) FROM holdfast_traffic", connection);
            return await read.ExecuteScalarAsync(Stop) is long last ? last : 0;
        }
        catch (NpgsqlException)
        {
            return 0; // The very first run has no table yet.
        }
    }
}
