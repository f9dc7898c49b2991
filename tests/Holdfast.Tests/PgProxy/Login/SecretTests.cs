using Holdfast.PgProxy.Login;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class SecretTests
{
    [Fact]
    public void A_password_in_clear_is_checked_against_whatever_is_kept()
    {
        UserSecret[] kept =
        [
            UserSecret.Of("app", "right"), UserSecret.Stored(ScramSecret.Of("right").ToString())!,
            UserSecret.Stored(Md5Password.Stored("app", "right"))!,
        ];
        kept.ShouldAllBe(secret => secret.IsRight("app", "right"));
        kept.ShouldAllBe(secret => !secret.IsRight("app", "wrong"));
    }

    [Fact]
    public void Nobody_is_asked_the_same_each_time_and_never_right()
    {
        var nobody = new Nobody();
        var (first, second, other) = (nobody.Secret("a"), nobody.Secret("a"), nobody.Secret("b"));
        first.Scram!.Salt.ShouldBe(second.Scram!.Salt);
        first.Scram.Salt.ShouldNotBe(other.Scram!.Salt);
        first.Scram.Iterations.ShouldBe(ScramSecret.IterationsDefault);
        first.IsRight("a", "").ShouldBeFalse();
        Md5Password.IsStored(first.Md5!).ShouldBeTrue();
    }

    [Fact]
    public void A_row_is_read_and_a_broken_one_is_none()
    {
        DataRow.Read([0, 2, 0, 0, 0, 1, (byte)'a', 255, 255, 255, 255]).ShouldBe(["a", null]);
        DataRow.Read([0, 0]).ShouldBe([]);
        DataRow.Read([]).ShouldBeNull();
        DataRow.Read([0, 1]).ShouldBeNull();
        DataRow.Read([0, 1, 0, 0, 0, 2, (byte)'a']).ShouldBeNull();
        DataRow.Read([0, 1, 255, 255, 255, 254]).ShouldBeNull();
        DataRow.Read([0, 0, 1]).ShouldBeNull();
        DataRow.Read([255, 255]).ShouldBeNull();
    }
}
