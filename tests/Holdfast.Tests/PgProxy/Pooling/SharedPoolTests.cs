using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class SharedPoolTests
{
    static readonly PoolSettings s_settings = new() { Mode = PoolMode.Transaction, Size = 5 };

    static SharedPool Pool(PoolSettings? settings = null) => new(
        new PoolKey(Port.Primary, "app", "web", ""), settings ?? s_settings, loops: 2, new Tally("database \"app\""),
        new Tally("user \"web\""));

    static (int, int) Shares(SharedPool pool) => (pool.ShareOf(0), pool.ShareOf(1));

    [Fact]
    public void The_loops_shares_are_the_pools_size() => Shares(Pool()).ShouldBe((3, 2));

    [Theory]
    [InlineData(8, 4, 4)]
    [InlineData(5, 3, 2)]
    [InlineData(2, 1, 1)]
    [InlineData(1, 0, 1)]
    public void Another_size_is_shared_evenly(int size, int first, int second)
    {
        var pool = Pool();
        pool.Change(s_settings with { Size = size });
        Shares(pool).ShouldBe((first, second));
        pool.Settings.Size.ShouldBe(size);
    }

    [Fact]
    public void A_share_moves_down_to_what_its_loop_needs()
    {
        var pool = Pool();
        pool.TryMoveShare(1, 0, least: 1).ShouldBeTrue();
        pool.TryMoveShare(1, 0, least: 1).ShouldBeFalse();
        Shares(pool).ShouldBe((4, 1));
        pool.TryMoveShare(1, 0, least: 0).ShouldBeTrue();
        Shares(pool).ShouldBe((5, 0));
    }

    [Fact]
    public void A_client_goes_where_the_fewest_share_a_server()
    {
        var pool = Pool();
        pool.WhyNoClient(0).ShouldBeNull();
        pool.LoopForClient().ShouldBe(1);
        pool.WhyNoClient(1).ShouldBeNull();
        pool.LoopForClient().ShouldBe(0);
        pool.WhyNoClient(0).ShouldBeNull();
        pool.LoopForClient().ShouldBe(1);
    }

    [Fact]
    public void The_reserve_is_one_for_all_loops()
    {
        var pool = Pool(s_settings with { ReserveSize = 2 });
        pool.TryTakeReserve().ShouldBeTrue();
        pool.TryTakeReserve().ShouldBeTrue();
        pool.TryTakeReserve().ShouldBeFalse();
        pool.ReturnReserve();
        pool.TryTakeReserve().ShouldBeTrue();
    }

    [Fact]
    public void The_minimum_is_kept_while_there_are_clients()
    {
        var pool = Pool(s_settings with { MinSize = 3 });
        (pool.LeastOf(0), pool.LeastOf(1)).ShouldBe((0, 0));
        pool.WhyNoClient(1).ShouldBeNull();
        (pool.LeastOf(0), pool.LeastOf(1)).ShouldBe((0, 3));
        pool.WhyNoClient(0).ShouldBeNull();
        (pool.LeastOf(0), pool.LeastOf(1)).ShouldBe((2, 1));
        pool.ClientWent(0);
        pool.ClientWent(1);
        (pool.LeastOf(0), pool.LeastOf(1)).ShouldBe((0, 0));
    }

    [Fact]
    public void Clients_of_a_database_and_of_a_user_are_counted()
    {
        var pool = Pool(s_settings with { DatabaseClientsMax = 3, UserClientsMax = 2 });
        pool.WhyNoClient(0).ShouldBeNull();
        pool.WhyNoClient(1).ShouldBeNull();
        pool.WhyNoClient(0).ShouldBe("sorry, too many clients already: user \"web\" may have 2 at this proxy " +
            "(max_user_client_connections)");
        pool.Database.Clients.ShouldBe(2);
        pool.ClientWent(0);
        pool.WhyNoClient(0).ShouldBeNull();
    }

    [Theory, InlineData("", false), InlineData("DISCARD ALL", true), InlineData("RESET ALL", false)]
    public void A_reset_forgets_statements_or_does_not(string sql, bool forgets)
    {
        var reset = Pool(s_settings with { ResetQuery = sql }).Reset;
        (reset is null).ShouldBe(sql.Length == 0);
        ((reset?.Traits ?? TextTraits.None) & TextTraits.Forgets).ShouldBe(
            forgets ? TextTraits.Forgets : TextTraits.None);
    }
}
