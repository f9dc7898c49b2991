using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class ScramTests
{
    static readonly byte[] s_binding = [1, 2, 3, 4];

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void The_exchange_of_RFC_7677_is_reproduced()
    {
        var client = new ScramClient(new KnownPassword("pencil"), null, null, "rOprNGfwEbeRWgbNEkqO", name: "user");
        var secret = ScramSecret.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
        var server = new ScramServer(secret, null, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");

        client.Begin().ShouldBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        var first = server.Begin(client.Mechanism, Bytes(client.Begin()));
        first.ShouldBe("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        var proof = client.Prove(Bytes(first!));
        proof.ShouldBe(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        var last = server.Finish(Bytes(proof!));
        last.ShouldBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        client.IsProvedBy(Bytes(last!)).ShouldBeTrue();
    }

    [Fact]
    public void A_secret_is_written_as_PostgreSQL_keeps_it()
    {
        var secret = ScramSecret.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
        var text = secret.ToString();
        text.ShouldStartWith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$");
        ScramSecret.Parse(text).ShouldBe(secret);
    }

    [Theory]
    [InlineData("")]
    [InlineData("md5a3556571e93b0d20722ba62be61e8c2d")]
    [InlineData("SCRAM-SHA-256$4096:c2FsdA==")]
    [InlineData("SCRAM-SHA-256$0:c2FsdA==$AAAA:AAAA")]
    [InlineData("SCRAM-SHA-256$4096:c2FsdA==$AAAA:AAAA")]
    [InlineData("SCRAM-SHA-1$4096:c2FsdA==$AAAA:AAAA")]
    public void What_is_no_secret_is_not_read(string text) => ScramSecret.Parse(text).ShouldBeNull();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_that_a_client_has_shown_log_in_where_the_same_secret_is_kept(bool isBound)
    {
        var secret = ScramSecret.Of("a pass word, with: marks = ÄÖ");
        var binding = isBound ? s_binding : null;
        var front = new ScramServer(secret, binding);
        LogIn(new ScramClient(new KnownPassword("a pass word, with: marks = ÄÖ"), binding), front).ShouldBeTrue();
        LogIn(new ScramClient(front.Keys!, null), new ScramServer(secret, null)).ShouldBeTrue();
    }

    [Fact]
    public void Keys_of_a_password_are_made_once_for_a_salt()
    {
        var password = new KnownPassword("secret");
        var keys = password.Keys([1, 2], 4096);
        password.Keys([1, 2], 4096).ShouldBeSameAs(keys);
        foreach (var (salt, iterations) in new[] { (new byte[] { 1, 3 }, 4096), ([1, 2], 1000), ([1, 2], 4096) })
        {
            var fresh = ScramKeys.Of("secret", salt, iterations);
            password.Keys(salt, iterations).ClientKey.ShouldBe(fresh.ClientKey);
            password.Keys(salt, iterations).ServerKey.ShouldBe(fresh.ServerKey);
        }
    }

    [Fact]
    public void A_wrong_password_shows_nothing()
    {
        var server = new ScramServer(ScramSecret.Of("right"), null);
        LogIn(new ScramClient(new KnownPassword("wrong"), null), server).ShouldBeFalse();
        server.Keys.ShouldBeNull();
    }

    [Fact]
    public void Another_channel_is_noticed()
    {
        var server = new ScramServer(ScramSecret.Of("x"), s_binding);
        LogIn(new ScramClient(new KnownPassword("x"), [9, 9]), server).ShouldBeFalse();
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", "y,,n=,r=abc", true)]
    [InlineData("SCRAM-SHA-256-PLUS", "n,,n=,r=abc", true)]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc", false)]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc", true)]
    [InlineData("SCRAM-SHA-256", "n,a=other,n=,r=abc", false)]
    [InlineData("SCRAM-SHA-256", "n,,m=x,n=,r=abc", false)]
    [InlineData("SCRAM-SHA-256", "n,,n=,r=", false)]
    [InlineData("SCRAM-SHA-1", "n,,n=,r=abc", false)]
    public void A_binding_that_was_hidden_or_can_not_be_met_ends_the_login(
        string mechanism, string message, bool hasTls) =>
        new ScramServer(ScramSecret.Of("x"), hasTls ? s_binding : null)
            .Begin(mechanism, Bytes(message)).ShouldBeNull();

    [Theory]
    [InlineData("r=other,s=c2FsdA==,i=4096")]
    [InlineData("r=nonce,s=c2FsdA==,i=4096")]
    [InlineData("r=nonceX,s=c2FsdA==,i=1000001")]
    [InlineData("r=nonceX,s=not base64,i=4096")]
    [InlineData("e=unknown-user")]
    public void A_client_answers_only_what_continues_its_own_nonce(string first) =>
        new ScramClient(new KnownPassword("x"), null, null, "nonce").Prove(Bytes(first)).ShouldBeNull();

    [Fact]
    public void No_bytes_crash_either_side() => Prop.ForAll<byte[]>(bytes =>
    {
        var server = new ScramServer(ScramSecret.Of("x", [1], 1), null);
        _ = server.Begin(ScramServer.Name, bytes);
        _ = server.Begin(ScramServer.Name, Bytes("n,,n=,r=abc"));
        return server.Finish(bytes) is null && new ScramClient(new KnownPassword("x"), null).Prove(bytes) is null;
    }).QuickCheckThrowOnFailure();

    static bool LogIn(ScramClient client, ScramServer server) =>
        server.Begin(client.Mechanism, Bytes(client.Begin())) is { } first
        && client.Prove(Bytes(first)) is { } proof
        && server.Finish(Bytes(proof)) is { } last
        && client.IsProvedBy(Bytes(last));
}
