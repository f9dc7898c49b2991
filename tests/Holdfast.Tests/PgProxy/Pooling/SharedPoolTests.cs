using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class SharedPoolTests
{
    static readonly PoolSettings s_settings = new() { Mode = PoolMode.Transaction, Size = 5 };

    static SharedPool Pool() => new(new PoolKey(Port.Primary, "app", "app", ""), s_settings, loops: 2);

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
        pool.ClientCame(0);
        pool.LoopForClient().ShouldBe(1);
        pool.ClientCame(1);
        pool.LoopForClient().ShouldBe(0);
        pool.ClientCame(0);
        pool.LoopForClient().ShouldBe(1);
    }
}
