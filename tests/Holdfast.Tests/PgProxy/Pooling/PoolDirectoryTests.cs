using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class PoolDirectoryTests
{
    readonly PoolDirectory _directory = new(
        new PoolSettings { Mode = PoolMode.Transaction, Size = 5 }, loops: 1, _ => new DatabaseOrders());

    static PoolKey Key(string database, string user, string settings = "") =>
        new(Port.Primary, database, user, settings);

    [Fact]
    public void Pools_of_one_database_or_user_are_counted_together()
    {
        var first = _directory.Enter(Key("app", "web"))!;
        var second = _directory.Enter(Key("app", "batch"))!;
        var third = _directory.Enter(Key("other", "web"))!;
        _directory.Enter(Key("app", "web")).ShouldBeSameAs(first);
        second.Database.ShouldBeSameAs(first.Database);
        third.User.ShouldBeSameAs(first.User);
        second.User.ShouldNotBeSameAs(first.User);
        third.Database.ShouldNotBeSameAs(first.Database);
    }

    [Fact]
    public void A_pool_is_forgotten_once_nobody_has_needed_it_from_sweep_to_sweep()
    {
        var pool = _directory.Enter(Key("app", "web"))!;
        _directory.Sweep().ShouldBeEmpty();
        _directory.Sweep().ShouldBeEmpty();
        _directory.Leave(pool);
        _directory.Sweep().ShouldBeEmpty();
        _directory.Sweep().ShouldBe([pool]);
        _directory.All.ShouldBeEmpty();
        _directory.Enter(Key("app", "web")).ShouldNotBeSameAs(pool);
    }

    [Fact]
    public void A_visitor_between_two_sweeps_keeps_it()
    {
        var pool = _directory.Enter(Key("app", "web"))!;
        _directory.Leave(pool);
        _directory.Sweep().ShouldBeEmpty();
        _directory.Enter(Key("app", "web")).ShouldBeSameAs(pool);
        _directory.Sweep().ShouldBeEmpty();
        _directory.Leave(pool);
        _directory.Sweep().ShouldBeEmpty();
    }

    [Fact]
    public void There_is_an_end_of_kinds_of_clients()
    {
        for (var kind = 0; kind < ProxyLimits.PoolsMax; kind++)
            _directory.Enter(Key("app", "web", $"a\0{kind}\0")).ShouldNotBeNull();
        _directory.Enter(Key("app", "web", "b\0b\0")).ShouldBeNull();
        _directory.Enter(Key("app", "web", "a\00\0")).ShouldNotBeNull();
    }

    [Fact]
    public void What_is_reloaded_reaches_pools_that_are_there_and_those_to_come()
    {
        var pool = _directory.Enter(Key("app", "web"))!;
        _directory.Change(new PoolSettings { Mode = PoolMode.Session, Size = 2 });
        (pool.Settings.Size, pool.Settings.Mode, pool.ShareOf(0)).ShouldBe((2, PoolMode.Session, 2));
        _directory.Enter(Key("other", "web"))!.Settings.Size.ShouldBe(2);
    }
}
