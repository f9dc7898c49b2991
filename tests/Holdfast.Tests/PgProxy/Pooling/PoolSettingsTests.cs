using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class PoolSettingsTests
{
    static readonly PoolSettings s_file = new PoolSettings
    {
        Mode = PoolMode.Transaction,
        Databases = Of("app", new PoolLimits { PoolSize = 40, QueryTimeout = TimeSpan.FromSeconds(9) }),
        Users = Of("batch", new PoolLimits { Pool = PoolKind.Session, PoolSize = 2, MaxUserConnections = 3 }),
    }.With(new PoolLimits { PoolSize = 10, MaxDbConnections = 50, ServerResetQuery = "" });

    static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    static readonly PoolLimits s_all = new()
    {
        Pool = PoolKind.Session,
        PoolSize = 1,
        ReservePoolSize = 2,
        ReservePoolTimeout = 3 * s_second,
        MinPoolSize = 4,
        MaxDbConnections = 5,
        MaxUserConnections = 6,
        MaxDbClientConnections = 7,
        MaxUserClientConnections = 8,
        QueryWaitTimeout = 9 * s_second,
        QueryTimeout = 10 * s_second,
        IdleTransactionTimeout = 11 * s_second,
        ClientIdleTimeout = 12 * s_second,
        ServerIdleTimeout = 13 * s_second,
        ServerLifetime = 14 * s_second,
        ServerResetQuery = "RESET ALL",
        ServerResetQueryAlways = true,
        RepeatSelects = true,
        ResolveCommits = true,
        ReadYourWrites = 15 * s_second,
    };

    static ImmutableSortedDictionary<string, PoolLimits> Of(string name, PoolLimits limits) =>
        ImmutableSortedDictionary.Create<string, PoolLimits>(StringComparer.Ordinal).Add(name, limits);

    [Fact]
    public void A_pool_of_which_nothing_is_said_has_what_all_have()
    {
        s_file.For("other", "web").ShouldBe(s_file);
        (s_file.Size, s_file.DatabaseServersMax, s_file.ResetQuery, s_file.Mode)
            .ShouldBe((10, 50, "", PoolMode.Transaction));
    }

    [Fact]
    public void A_databases_word_comes_before_that_of_all()
    {
        var pool = s_file.For("app", "web");
        (pool.Size, pool.QueryTimeout, pool.Mode, pool.DatabaseServersMax)
            .ShouldBe((40, TimeSpan.FromSeconds(9), PoolMode.Transaction, 50));
    }

    [Fact]
    public void A_users_word_comes_before_that_of_its_database()
    {
        var pool = s_file.For("app", "batch");
        (pool.Size, pool.QueryTimeout, pool.Mode, pool.UserServersMax)
            .ShouldBe((2, TimeSpan.FromSeconds(9), PoolMode.Session, 3));
    }

    [Fact]
    public void Each_word_of_the_file_has_its_place()
    {
        new PoolSettings { Mode = PoolMode.Transaction }.With(s_all).ShouldBe(new PoolSettings
        {
            Mode = PoolMode.Session,
            Size = 1,
            ReserveSize = 2,
            ReserveTimeout = 3 * s_second,
            MinSize = 4,
            DatabaseServersMax = 5,
            UserServersMax = 6,
            DatabaseClientsMax = 7,
            UserClientsMax = 8,
            QueryWaitTimeout = 9 * s_second,
            QueryTimeout = 10 * s_second,
            IdleTransactionTimeout = 11 * s_second,
            ClientIdleTimeout = 12 * s_second,
            ServerIdleTimeout = 13 * s_second,
            ServerLifetime = 14 * s_second,
            ResetQuery = "RESET ALL",
            ResetsAlways = true,
            RepeatsSelects = true,
            ResolvesCommits = true,
            ReadYourWrites = 15 * s_second,
        });
    }
}
