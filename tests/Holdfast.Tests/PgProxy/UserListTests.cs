using Holdfast.PgProxy.Login;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy;

public sealed class UserListTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var text = UserList.Write([new("app", "se\"cret"), new("my \"user\"", "x y"), new("trusted", null)]);
        var users = UserList.Read("; ours\n\n" + text);
        users.Keys.Order(StringComparer.Ordinal).ShouldBe(["app", "my \"user\""]);
        users["app"].Password!.Text.ShouldBe("se\"cret");
        users["my \"user\""].Password!.Text.ShouldBe("x y");
    }

    [Fact]
    public void A_secret_may_be_what_the_server_keeps()
    {
        var scram = ScramSecret.Of("secret");
        var users = UserList.Read($"\"a\" \"{scram}\"\n\"b\" \"{Md5Password.Stored("b", "secret")}\"");
        users["a"].ShouldBe(new UserSecret(null, scram, null));
        users["b"].ShouldBe(new UserSecret(null, null, Md5Password.Stored("b", "secret")));
    }

    [Theory, InlineData("app secret"), InlineData("\"app\""), InlineData("\"app\" \"x"), InlineData("\"app\" \"x\" y")]
    public void A_broken_line_is_named_and_not_shown(string line) =>
        Should.Throw<InvalidDataException>(() => UserList.Read("\n" + line)).Message
            .ShouldBe("line 2 of the list of users: expected \"user\" \"password\"");
}
