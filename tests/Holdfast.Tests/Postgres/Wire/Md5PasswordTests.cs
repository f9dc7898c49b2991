using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class Md5PasswordTests
{
    // SELECT 'md5' || md5('secret' || 'app')
    const string Stored = "md56a422f785c9e20873908ce25d1736ae2";

    [Fact]
    public void It_answers_a_salt_as_PostgreSQL_expects()
    {
        Md5Password.Stored("app", "secret").ShouldBe(Stored);
        Md5Password.Answer(Stored, [1, 2, 3, 4]).ShouldBe("md5911f527656472583a006e7727877b33e");
    }

    [Fact]
    public void A_stored_password_is_known_by_its_form()
    {
        Md5Password.IsStored(Stored).ShouldBeTrue();
        Md5Password.IsStored("secret").ShouldBeFalse();
        Md5Password.IsStored(Stored[..^1]).ShouldBeFalse();
    }
}
