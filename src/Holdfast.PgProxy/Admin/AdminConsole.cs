using System.Globalization;
using Holdfast.Foundation.Yaml;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Admin;

/// <summary>Carries out the commands of PgBouncer's console (PgBouncer documentation, "Admin console") for one
/// operator. On the loop that it was called on; a command that waits goes on there.</summary>
internal sealed class AdminConsole(PooledProxy plane, Port port, bool mayOrder)
{
    const string SyntaxError = "42601", InsufficientPrivilege = "42501", NotInState = "55000", NoDatabase = "3D000",
        NoObject = "42704", Canceled = "57014", BadValue = "22023";

    static readonly string[] s_orders =
    [
        "PAUSE", "RESUME", "DISABLE", "ENABLE", "RECONNECT", "KILL", "KILL_CLIENT", "RELOAD", "WAIT_CLOSE", "SHUTDOWN",
    ];

    static readonly string[] s_words =
        [.. s_orders, "SHOW", "SET", "SUSPEND", "BEGIN", "COMMIT", "ROLLBACK", "SELECT", "SHOW HELP"];

    /// <summary>What drivers set of themselves, and what means nothing here.</summary>
    static readonly string[] s_ignored =
    [
        "application_name", "client_encoding", "client_min_messages", "datestyle", "extra_float_digits", "timezone",
        "intervalstyle", "standard_conforming_strings", "statement_timeout", "lock_timeout", "search_path",
        "idle_in_transaction_session_timeout", "session",
    ];

    static readonly ConsoleColumn[] s_one = ConsoleColumn.List("?column?:i");

    readonly ShowRows _rows = new(plane, port);

    TimeSpan Now => plane.BootNow;

    /// <summary>Drivers that begin transactions are told that they have one.</summary>
    public bool IsInTransaction { get; private set; }

    /// <summary>Of what <paramref name="text"/> will answer; null: no rows.</summary>
    public static IReadOnlyList<ConsoleColumn>? ColumnsOf(string text) =>
        ConsoleCommand.Read(text, out _) is not { } command ? null
        : command.Verb == "SELECT" ? s_one
        : command is { Verb: "SHOW", Object: { } name } ? ShowTables.All.GetValueOrDefault(name)
        : null;

    /// <param name="text">One command.</param>
    /// <param name="isGone">Whoever has asked waits no longer.</param>
    public async Task<ConsoleReply> RunAsync(string text, Func<bool> isGone)
    {
        if (ConsoleCommand.Read(text, out var problem) is not { } command)
            return Bad(problem);
        if (command.Verb.Length == 0)
            return new ConsoleReply.Nothing();
        if (s_orders.Contains(command.Verb))
        {
            return !mayOrder ? new ConsoleReply.Failed(
                    InsufficientPrivilege, $"{command.Verb} is for pgproxy.admin_users; stats_users may SHOW")
                : command.Words.Count > 2 ? Bad($"{command.Verb} does not take '{command.Words[2]}'")
                : await OrderAsync(command, isGone);
        }
        return command.Verb switch
        {
            "SHOW" => await ShowAsync(command),
            "SET" => Set(command),
            "SUSPEND" => new ConsoleReply.Failed(SqlState.FeatureNotSupported,
                "SUSPEND is PgBouncer's way to hand over its sockets: start the next process with --take-over"),
            "BEGIN" or "START" => Transaction("BEGIN", true),
            "COMMIT" or "END" => Transaction("COMMIT", false),
            "ROLLBACK" or "ABORT" => Transaction("ROLLBACK", false),
            "SELECT" when command.Object == "1" => new ConsoleReply.Table(s_one, [["1"]]),
            _ => Bad($"'{command.Words[0]}' is no command of the console{Nearest.Hint(command.Verb, s_words)}"
                + "; SHOW HELP tells them"),
        };
    }

    static ConsoleReply.Failed Bad(string problem) => new(SyntaxError, problem);

    ConsoleReply.Done Transaction(string tag, bool isOpen)
    {
        IsInTransaction = isOpen;
        return new ConsoleReply.Done(tag);
    }

    static ConsoleReply Set(ConsoleCommand command) =>
        command.Object is null ? Bad("expected SET name = value")
        : s_ignored.Contains(command.Object.ToLowerInvariant()) ? new ConsoleReply.Done("SET")
        : new ConsoleReply.Failed(SqlState.FeatureNotSupported,
            $"'{command.Object}' can't be set here: change the cluster file, then RELOAD");

    // ---- SHOW ----

    async Task<ConsoleReply> ShowAsync(ConsoleCommand command)
    {
        if (command.Object?.ToUpperInvariant() is null or "HELP")
            return new ConsoleReply.Done("SHOW", Help);
        var name = command.Object.ToUpperInvariant();
        if (command.Words.Count > 2)
            return Bad($"SHOW {name} does not take '{command.Words[2]}'");
        if (ShowTables.Refused.TryGetValue(name, out var why))
            return new ConsoleReply.Failed(SqlState.FeatureNotSupported, $"SHOW {name}: {why}");
        return ShowTables.All.TryGetValue(name, out var columns)
            ? new ConsoleReply.Table(columns, await RowsAsync(name))
            : Bad($"SHOW '{command.Object}' is unknown"
                + Nearest.Hint(command.Object, ShowTables.All.Keys.Append("HELP")) + "; SHOW HELP tells them all");
    }

    async Task<List<string?[]>> RowsAsync(string name) => name switch
    {
        "POOLS" => await _rows.PoolsAsync(),
        "CLIENTS" => await _rows.ClientsAsync(Now),
        "SERVERS" => await _rows.ServersAsync(Now),
        "STATS" => _rows.Stats(Now),
        "STATS_TOTALS" => _rows.StatsTotals(Now),
        "STATS_AVERAGES" => _rows.StatsAverages(Now),
        "TOTALS" => _rows.Totals(Now),
        "LISTS" => await _rows.ListsAsync(),
        "DATABASES" => await _rows.DatabasesAsync(),
        "USERS" => await _rows.UsersAsync(),
        "CONFIG" => ConfigRows.Of(plane),
        "VERSION" => [[$"PgBouncer {ConsoleSession.Likeness} (Holdfast {ConsoleSession.OwnVersion})"]],
        "STATE" =>
        [
            ["active", plane.IsDraining || plane.Orders.IsPaused ? "no" : "yes"],
            ["paused", plane.Orders.IsPaused ? "yes" : "no"], ["suspended", "no"],
        ],
        _ => [],
    };

    static string Help => $"""
        Console usage

        	SHOW HELP|{string.Join('|', ShowTables.All.Keys.Order(StringComparer.Ordinal))}
        	PAUSE [<db>]        waits until its servers are at rest, and closes them
        	RESUME [<db>]
        	DISABLE <db>        nobody may log in any more
        	ENABLE <db>
        	RECONNECT [<db>]    servers are closed as soon as they are at rest
        	WAIT_CLOSE [<db>]   waits for that
        	KILL <db>           cuts its clients and servers off, and pauses it
        	KILL_CLIENT <ptr>   of SHOW CLIENTS
        	RELOAD
        	SHUTDOWN            lets transactions end first
        """;

    // ---- orders ----

    async Task<ConsoleReply> OrderAsync(ConsoleCommand command, Func<bool> isGone)
    {
        var (verb, database) = (command.Verb, command.Object);
        if (verb is "DISABLE" or "ENABLE" or "KILL" or "KILL_CLIENT" && database is null)
            return Bad($"{verb} of what? Expected {verb} {(verb == "KILL_CLIENT" ? "ptr" : "database")}");
        if (verb is "RELOAD" or "SHUTDOWN" && database is not null)
            return Bad($"{verb} does not take '{database}'");
        if (verb is not "KILL_CLIENT" && database is not null && plane.Orders.Find(database) is null)
        {
            return new ConsoleReply.Failed(NoDatabase, $"no client has asked for a database '{database}' yet"
                + Nearest.Hint(database, plane.Orders.Databases));
        }
        plane.Log.Ordered(verb, database ?? "");
        return verb switch
        {
            "PAUSE" => await PauseAsync(database, isGone),
            "RESUME" => await ResumeAsync(database),
            "DISABLE" => Disable(database!, true),
            "ENABLE" => Disable(database!, false),
            "RECONNECT" => await ReconnectAsync(database),
            "WAIT_CLOSE" => await UntilAsync(verb, () => ServersAsync(database, pool => pool.Old), () => true, isGone),
            "KILL" => await KillAsync(database!),
            "KILL_CLIENT" => await KillClientAsync(database!),
            "RELOAD" => await ReloadAsync(),
            _ => ShutDown(),
        };
    }

    async Task<ConsoleReply> PauseAsync(string? database, Func<bool> isGone)
    {
        if (!plane.Orders.Pause(database, true))
            return new ConsoleReply.Failed(NotInState, $"{database ?? "the proxy"} is paused already");
        await TellAsync();
        return await UntilAsync("PAUSE", () => ServersAsync(database, pool => pool.Servers + pool.Logins),
            () => database is null ? plane.Orders.IsPaused : plane.Orders.Of(database).IsPaused, isGone);
    }

    async Task<ConsoleReply> ResumeAsync(string? database)
    {
        if (!plane.Orders.Pause(database, false))
            return new ConsoleReply.Failed(NotInState, $"{database ?? "the proxy"} is not paused");
        await TellAsync();
        return new ConsoleReply.Done("RESUME");
    }

    ConsoleReply.Done Disable(string database, bool isDisabled)
    {
        plane.Orders.Of(database).IsDisabled = isDisabled;
        return new ConsoleReply.Done(isDisabled ? "DISABLE" : "ENABLE");
    }

    async Task<ConsoleReply> ReconnectAsync(string? database)
    {
        plane.Orders.Reconnect(database, Now);
        await TellAsync();
        return new ConsoleReply.Done("RECONNECT");
    }

    async Task<ConsoleReply> KillAsync(string database)
    {
        plane.Orders.Pause(database, true);
        await plane.FromAllAsync(worker => worker.Kill(database));
        await TellAsync();
        return new ConsoleReply.Done("KILL");
    }

    async Task<ConsoleReply> KillClientAsync(string pointer)
    {
        var digits = pointer.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? pointer[2..] : pointer;
        if (!long.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id))
            return Bad($"'{pointer}' is no ptr as SHOW CLIENTS has it, such as 0x1000012ab");
        var killed = await plane.FromAllAsync(worker => worker.KillClient(id));
        return killed.Sum() > 0
            ? new ConsoleReply.Done("KILL_CLIENT")
            : new ConsoleReply.Failed(NoObject, $"no client has the ptr {pointer}");
    }

    async Task<ConsoleReply> ReloadAsync()
    {
        if (plane.Reload is not { } reload)
            return new ConsoleReply.Failed(SqlState.FeatureNotSupported, "this proxy was started without a file");
        var outcome = await reload();
        var notes = string.Join("\n", outcome.Notes);
        return outcome.IsInForce
            ? new ConsoleReply.Done("RELOAD", notes.Length > 0 ? notes : null)
            : new ConsoleReply.Failed(BadValue, $"the former settings stay in force: {notes}");
    }

    ConsoleReply.Done ShutDown()
    {
        plane.RequestStop();
        return new ConsoleReply.Done("SHUTDOWN");
    }

    Task TellAsync() => plane.FromAllAsync(worker => worker.OnOrders());

    async Task<int> ServersAsync(string? database, Func<Pooling.PoolFacts, int> count) =>
        (await PlaneFacts.PoolsAsync(plane))
            .Where(pool => database is null || string.Equals(pool.Key.Database, database, StringComparison.Ordinal))
            .Sum(count);

    // As long as it takes, as PgBouncer does: who has asked may go away, or another operator say RESUME.
    async Task<ConsoleReply> UntilAsync(string verb, Func<Task<int>> left, Func<bool> isInForce, Func<bool> isGone)
    {
        while (await left() is > 0 and var servers)
        {
            if (isGone() || plane.IsDraining || !isInForce())
                return new ConsoleReply.Failed(Canceled, $"{verb} was given up with {servers} servers left");
            await Task.Delay(ProxyLimits.DrainLook);
        }
        return new ConsoleReply.Done(verb);
    }
}
