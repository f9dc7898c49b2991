using System.Diagnostics;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Postgres.Instance;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

/// <summary>Steps that read aloud, on members of one sandbox; each says how long it took.</summary>
internal sealed class PostgresStory : IAsyncDisposable
{
    readonly Dictionary<string, PostgresInstance> _members = new(StringComparer.Ordinal);

    public PostgresSandbox Sandbox { get; } = new();
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public PostgresInstance this[string name] =>
        _members.TryGetValue(name, out var member) ? member : _members[name] = Sandbox.Instance(name);

    /// <summary>Another agent takes over: a new object, and the old one forgotten.</summary>
    public async Task<PostgresInstance> RestartAgentAsync(string name)
    {
        await _members[name].DisposeAsync();
        return _members[name] = Sandbox.Instance(name);
    }

    public async Task MakePrimaryAsync(string name, params string[] slots)
    {
        await StepAsync($"{name} initdb", member => member.InitializeAsync(Stop), name);
        Signal(name).ShouldBeTrue();
        await StepAsync($"{name} apply", member => member.ApplyAsync(PostgresSandbox.Dynamic, Stop), name);
        await StepAsync($"{name} start primary", member => member.StartPrimaryAsync("", Stop), name);
        await IsAsync(name, PostgresState.Primary);
        await StepAsync($"{name} roles", member => member.CreateRolesAndDatabasesAsync(Stop), name);
        await StepAsync($"{name} slots", member => member.SetMemberSlotsAsync(slots, Stop), name);
    }

    public async Task AddReplicaAsync(string name, string source)
    {
        await StepAsync($"{name} apply", member => member.ApplyAsync(PostgresSandbox.Dynamic, Stop), name);
        await StepAsync($"{name} clone", member => member.CloneAsync(Sandbox.Address(source), Stop), name);
        Signal(name).ShouldBeTrue();
        var upstream = Sandbox.Address(source);
        await StepAsync($"{name} start replica", member => member.StartReplicaAsync(upstream, Stop), name);
        await StreamsAsync(name);
    }

    public async Task StepAsync(string step, Func<PostgresInstance, ValueTask<StepResult>> act, string name)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await act(this[name]);
        Say(step, started);
        result.Ok.ShouldBeTrue($"{step}: {result.Why}");
    }

    public async Task IsAsync(string name, PostgresState state)
    {
        var started = Stopwatch.GetTimestamp();
        await Eventually.IsAsync($"{name} is {state}", async () => (await this[name].LookAsync(Stop)).State == state);
        Say($"{name} until {state}", started);
    }

    public async Task StreamsAsync(string name)
    {
        var started = Stopwatch.GetTimestamp();
        await Eventually.IsAsync($"{name} streams", async () => (await this[name].LookAsync(Stop)).Streaming);
        Say($"{name} until it streams", started);
    }

    public async Task ExecuteAsync(string name, string sql)
    {
        await using var connection = new NpgsqlConnection(Sandbox.ConnectionString(name));
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    public async Task<string?> AskAsync(string name, string sql)
    {
        await using var connection = new NpgsqlConnection(Sandbox.ConnectionString(name));
        await connection.OpenAsync(Stop);
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(Stop))?.ToString();
    }

    public string Data(string name) => Sandbox.Settings(name).DataDirectory;
    public bool Signal(string name) => File.Exists(Path.Combine(Data(name), "standby.signal"));

    public static void Say(string step, long started) => TestContext.Current.TestOutputHelper!.WriteLine(
        $"{step}: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");

    public ValueTask DisposeAsync() => Sandbox.DisposeAsync();
}
