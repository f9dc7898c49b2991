using Holdfast.PgProxy.Login;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class KnownStartupsTests
{
    static byte[] Packet(string user, string application = "psql") => StartupParameters.Write(
        3, 0, [new("user", user), new("application_name", application)]);

    [Fact]
    public void The_same_words_are_read_once()
    {
        var known = new KnownStartups();
        var first = known.Read(Packet("app")).ShouldNotBeNull();
        known.Read(Packet("app")).ShouldBeSameAs(first);
        known.Read(Packet("other")).ShouldNotBeNull().User.ShouldBe("other");
    }

    [Fact]
    public void What_is_broken_stays_broken_and_what_is_wordyis_read_anew()
    {
        var known = new KnownStartups();
        known.Read(Packet("app").AsSpan()[..^2]).ShouldBeNull();
        var wordy = Packet("app", new string('x', 600));
        var first = known.Read(wordy).ShouldNotBeNull();
        known.Read(wordy).ShouldNotBeNull().ShouldNotBeSameAs(first);
    }

    [Fact]
    public void However_many_kinds_there_are_each_is_read_as_what_it_is()
    {
        var known = new KnownStartups();
        for (var round = 0; round < 2; round++)
        {
            for (var user = 0; user < 1_000; user++)
                known.Read(Packet($"u{user}")).ShouldNotBeNull().User.ShouldBe($"u{user}");
        }
    }
}
