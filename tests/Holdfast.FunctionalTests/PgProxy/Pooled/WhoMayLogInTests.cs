using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Login.Hba;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Rules, the ways to prove who one is, and users that only the server knows.</summary>
public sealed class WhoMayLogInTests(RealPostgres postgres) : IClassFixture<RealPostgres>
{
    static readonly AuthQuerySettings s_query = new("postgres", "postgres", AuthQuerySettings.DefaultQuery);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    ProxyUnderTest Start(Func<Access, Access> access, ClientTls? tls = null, TimeSpan? hold = null)
    {
        var proxy = new ProxyUnderTest(hold, tls: tls, access: access, pools: new PoolSettings
        {
            Mode = PoolMode.Transaction,
            Size = 2,
            Loops = 2,
        });
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, postgres.Port)));
        return proxy;
    }

    static Func<Access, Access> Rules(params string[] lines) => access => access with { Hba = Read(lines) };

    static HbaRules Read(params string[] lines)
    {
        var (rules, problems) = HbaFile.Read("hba", string.Join('\n', lines), []);
        problems.ShouldBeEmpty();
        return rules!;
    }

    static async Task<object?> AskAsync(int port, string extra = "", string sql = "SELECT current_user::text")
    {
        await using var connection = new NpgsqlConnection($"{RealPostgres.Conninfo(port)};{extra}");
        await connection.OpenAsync(Stop);
        return await Queries.AskAsync(connection, sql);
    }

    static async Task<(string Code, string Message)> RefusedAsync(int port, string extra = "")
    {
        var refused = await Should.ThrowAsync<PostgresException>(() => AskAsync(port, extra));
        return (refused.SqlState, refused.MessageText);
    }

    // ---- rules ----

    [Fact]
    public async Task The_first_rule_decides_and_nobody_else_comes_in()
    {
        await using var proxy = Start(Rules(
            "host all nobody 127.0.0.0/8 reject", "host postgres postgres 127.0.0.1/32 scram-sha-256"));
        (await AskAsync(proxy.PrimaryPort)).ShouldBe("postgres");
        (await RefusedAsync(proxy.PrimaryPort, "Username=nobody")).ShouldBe(("28000", "pg_hba.conf rejects connection "
            + "for host \"127.0.0.1\", user \"nobody\", database \"postgres\", no encryption"));
        (await RefusedAsync(proxy.PrimaryPort, "Database=template1")).ShouldBe(("28000", "no pg_hba.conf entry "
            + "for host \"127.0.0.1\", user \"postgres\", database \"template1\", no encryption"));
        (await RefusedAsync(proxy.PrimaryPort, "Password=wrong")).Code.ShouldBe("28P01");
    }

    [Fact]
    public async Task New_rules_are_for_those_who_come_after_them()
    {
        await using var proxy = Start(Rules("host all all all trust"));
        await using var early = new NpgsqlConnection(RealPostgres.Conninfo(proxy.PrimaryPort));
        await early.OpenAsync(Stop);
        proxy.Server.Reload(proxy.Access with { Hba = Read("host all all all reject") });
        (await RefusedAsync(proxy.PrimaryPort)).Code.ShouldBe("28000");
        (await Queries.AskAsync(early, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task A_password_in_clear_needs_TLS()
    {
        var own = Certificate.SelfSigned("proxy");
        using var tls = new ClientTls(own.Pem, own.Key, null, isRequired: false);
        await using var proxy = Start(Rules("host all all all password"), tls);
        (await AskAsync(proxy.PrimaryPort, "SSL Mode=Require")).ShouldBe("postgres");
        (await RefusedAsync(proxy.PrimaryPort, "SSL Mode=Require;Password=wrong")).Code.ShouldBe("28P01");
        (await RefusedAsync(proxy.PrimaryPort)).Message.ShouldContain("needs an encrypted connection");
        proxy.Server.Reload(proxy.Access with { Tls = tls, Hba = Read("hostnossl all all all password") });
        (await AskAsync(proxy.PrimaryPort)).ShouldBe("postgres");
    }

    [Fact]
    public async Task Md5_is_asked_where_the_rule_says_so()
    {
        await using var proxy = Start(Rules("host all all all md5"));
        using (var client = await RawClient.ConnectAsync(proxy.PrimaryPort))
        {
            await client.SendAsync(RawClient.Startup("postgres", "postgres"));
            var (tag, body) = await client.MessageAsync();
            (tag, body[3]).ShouldBe(('R', (byte)5));
        }
        (await AskAsync(proxy.PrimaryPort)).ShouldBe("postgres");
        (await RefusedAsync(proxy.PrimaryPort, "Password=wrong")).Code.ShouldBe("28P01");
        (await RefusedAsync(proxy.PrimaryPort, "Username=stranger")).Code.ShouldBe("28P01");
    }

    [Fact]
    public async Task A_certificate_made_out_to_the_user_is_enough()
    {
        var (own, authority) = (Certificate.SelfSigned("proxy"), Certificate.SelfSigned("authority"));
        using var tls = new ClientTls(own.Pem, own.Key, authority.Pem, isRequired: false);
        await using var proxy = Start(
            Rules("hostssl all postgres all cert", "host all nobody all scram-sha-256"), tls);
        (await WithAsync(proxy, authority.Sign("postgres"))).ShouldBe("postgres");
        (await Should.ThrowAsync<PostgresException>(() => WithAsync(proxy, authority.Sign("other")))).MessageText
            .ShouldBe("certificate authentication failed for user \"postgres\"");
        (await RefusedAsync(proxy.PrimaryPort, "SSL Mode=Require")).ShouldBe(
            ("28000", "connection requires a valid client certificate"));
        // Who has none may come in where the rule asks for none.
        (await RefusedAsync(proxy.PrimaryPort, "SSL Mode=Require;Username=nobody")).Code.ShouldBe(
            "28P01", "the server knows no such user");
    }

    static async Task<object?> WithAsync(ProxyUnderTest proxy, Certificate certificate)
    {
        var builder = new NpgsqlDataSourceBuilder(RealPostgres.Conninfo(proxy.PrimaryPort, SslMode.Require));
        using var shown = certificate.ToX509();
        builder.UseSslClientAuthenticationOptionsCallback(options => options.ClientCertificates = [shown]);
        await using var source = builder.Build();
        await using var command = source.CreateCommand("SELECT current_user::text");
        return await command.ExecuteScalarAsync(Stop);
    }

    // ---- users that only the server knows ----

    Task<object?> ServerAsync(string sql) => AskAsync(postgres.Port, sql: sql);

    [Theory, InlineData("scram-sha-256"), InlineData("md5")]
    public async Task A_user_that_is_not_in_the_list_is_looked_up(string kept)
    {
        var user = $"looked up by {kept}";
        await postgres.ConfigureAsync([$"host all \"{user}\" all {kept}"]);
        await ServerAsync($"SET password_encryption = '{kept}'; DROP ROLE IF EXISTS \"{user}\"; "
            + $"CREATE ROLE \"{user}\" LOGIN PASSWORD 'theirs'");
        await using var proxy = Start(access => access with { AuthQuery = s_query });
        (await AskAsync(proxy.PrimaryPort, $"Username={user};Password=theirs")).ShouldBe(user);
        (await RefusedAsync(proxy.PrimaryPort, $"Username={user};Password=wrong")).ShouldBe(
            ("28P01", $"password authentication failed for user \"{user}\""));
        (await RefusedAsync(proxy.PrimaryPort, "Username=it's nobody")).ShouldBe(
            ("28P01", "password authentication failed for user \"it's nobody\""));
    }

    [Fact]
    public async Task A_server_may_want_the_password_in_clear()
    {
        await postgres.ConfigureAsync(["host all plain all password"]);
        await ServerAsync("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'as it is'");
        var users = new Dictionary<string, UserSecret> { ["plain"] = UserSecret.Of("plain", "as it is") };
        await using var proxy = Start(access => access with { Users = new FileSecrets(users) });
        (await AskAsync(proxy.PrimaryPort, "Username=plain;Password=as it is")).ShouldBe("plain");
    }

    [Fact]
    public async Task Whose_time_is_over_or_who_may_not_log_in_is_nobody()
    {
        await ServerAsync("DROP ROLE IF EXISTS expired, group_role; "
            + "CREATE ROLE expired LOGIN PASSWORD 'theirs' VALID UNTIL '2001-01-01'; "
            + "CREATE ROLE group_role NOLOGIN PASSWORD 'theirs'");
        await using var proxy = Start(access => access with { AuthQuery = s_query });
        foreach (var user in (string[])["expired", "group_role"])
            (await RefusedAsync(proxy.PrimaryPort, $"Username={user};Password=theirs")).Code.ShouldBe("28P01");
    }

    [Fact]
    public async Task A_password_that_was_changed_is_found_out()
    {
        await ServerAsync("DROP ROLE IF EXISTS changed; CREATE ROLE changed LOGIN PASSWORD 'old'");
        await using var proxy = Start(access => access with { AuthQuery = s_query });
        (await AskAsync(proxy.PrimaryPort, "Username=changed;Password=old")).ShouldBe("changed");
        await ServerAsync("ALTER ROLE changed PASSWORD 'new'; "
            + "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'changed'");
        // What is remembered is of the old one for a while: within that, whoever fails with it makes it forgotten.
        await Wait.UntilAsync(() => LogsIn(proxy, "new"), "the new password is right");
        (await RefusedAsync(proxy.PrimaryPort, "Username=changed;Password=old")).Code.ShouldBe("28P01");
    }

    static bool LogsIn(ProxyUnderTest proxy, string password)
    {
        using var connection = new NpgsqlConnection(
            $"{RealPostgres.Conninfo(proxy.PrimaryPort)};Username=changed;Password={password}");
        try
        {
            connection.Open();
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState == "28P01")
        {
            return false;
        }
    }

    [Fact]
    public async Task A_question_that_fails_lets_nobody_in_and_the_list_goes_on()
    {
        await using var proxy = Start(access => access with { AuthQuery = s_query with { Query = "SELECT $1" } });
        (await RefusedAsync(proxy.PrimaryPort, "Username=anybody")).Code.ShouldBe("57P03");
        (await AskAsync(proxy.PrimaryPort)).ShouldBe("postgres");
        proxy.Server.Reload(proxy.Access with { AuthQuery = s_query });
        (await RefusedAsync(proxy.PrimaryPort, "Username=anybody")).Code.ShouldBe("28P01");
    }

    [Fact]
    public async Task Many_who_come_at_once_are_looked_up_one_by_one()
    {
        const int Count = 20;
        var roles = Enumerable.Range(0, Count).Select(number => $"CREATE ROLE many{number} LOGIN PASSWORD 'theirs'");
        await ServerAsync(string.Join(';', roles));
        await using var proxy = Start(access => access with { AuthQuery = s_query });
        var users = await Task.WhenAll(Enumerable.Range(0, 2 * Count).Select(
            number => AskAsync(proxy.PrimaryPort, $"Username=many{number % Count};Password=theirs")));
        users.Distinct().Count().ShouldBe(Count);
        const string Askers = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM pg_authid WHERE%' "
            + "AND pid <> pg_backend_pid()";
        await Wait.UntilAsync(() => ServerAsync(Askers).GetAwaiter().GetResult() is 1L, "one connection asks");
        await ServerAsync(string.Join(';', Enumerable.Range(0, Count).Select(number => $"DROP ROLE many{number}")));
    }

    // ---- what a client says of itself ----

    [Fact]
    public async Task The_clients_address_is_told_to_the_server_when_asked()
    {
        await using var proxy = Start(access => access with { ApplicationNameAddHost = true });
        const string Name = "SELECT current_setting('application_name')";
        var named = (string)(await AskAsync(proxy.PrimaryPort, "Application Name=films", Name))!;
        named.ShouldStartWith("films - 127.0.0.1:");
        ((string)(await AskAsync(proxy.PrimaryPort, sql: Name))!).ShouldStartWith("app - 127.0.0.1:");
    }

    [Fact]
    public async Task Options_reach_the_server_and_those_that_are_ignored_do_not()
    {
        await using var proxy = Start(
            access => access with { IgnoreStartupParameters = ["geqo_seed", "no_such_setting"] });
        const string Settings = "SELECT concat_ws(' ', current_setting('films.title'), current_setting('TimeZone'), "
            + "current_setting('geqo_seed'))";
        (await AskAsync(proxy.PrimaryPort,
            @"Options=-c films.title=a\ b -c geqo_seed=0.5 --timezone=Asia/Tokyo -c no_such_setting=1", Settings))
            .ShouldBe("a b Asia/Tokyo 0");
        (await RefusedAsync(proxy.PrimaryPort, "Options=-c never_heard_of=1")).Code.ShouldBe("42704");
    }
}
