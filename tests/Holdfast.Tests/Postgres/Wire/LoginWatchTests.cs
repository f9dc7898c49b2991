using FsCheck;
using FsCheck.Fluent;
using Holdfast.Doubles.PgProxy;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class LoginWatchTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(1000)]
    public void A_standby_is_seen_however_its_answer_is_cut(int pieceBytes) =>
        Sights(FakePostgres.Welcome("n1", isStandby: true), pieceBytes).ShouldContain(LoginSight.Standby);

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(1000)]
    public void A_primary_is_none(int pieceBytes)
    {
        var sights = Sights(FakePostgres.Welcome("n1", isStandby: false), pieceBytes);
        sights.ShouldNotContain(LoginSight.Standby);
        sights[^1].ShouldBe(LoginSight.Over);
    }

    [Fact]
    public void What_a_client_names_itself_makes_no_standby() =>
        Sights(FakePostgres.Welcome("in_hot_standby\0on", isStandby: false), 1000).ShouldNotContain(LoginSight.Standby);

    [Fact]
    public void After_the_login_it_looks_no_more()
    {
        byte[] stream = [.. FakePostgres.Message('Z', "I"u8), .. FakePostgres.Message('S', "in_hot_standby\0on\0"u8)];
        Sights(stream, 1000).ShouldBe([LoginSight.Over]);
    }

    [Fact]
    public void A_login_goes_on_over_long_messages()
    {
        byte[] stream = [.. FakePostgres.Message('N', new byte[5000]), .. FakePostgres.Welcome("n1", isStandby: true)];
        Sights(stream, 1000).ShouldContain(LoginSight.Standby);
    }

    [Fact]
    public void No_bytes_crash_it() =>
        Prop.ForAll<byte[], byte[]>((first, second) =>
        {
            var watch = new LoginWatch();
            watch.Feed(first);
            watch.Feed(second);
            return true;
        }).QuickCheckThrowOnFailure();

    static List<LoginSight> Sights(byte[] stream, int pieceBytes)
    {
        var watch = new LoginWatch();
        return [.. stream.Chunk(pieceBytes).Select(piece => watch.Feed(piece))];
    }
}
