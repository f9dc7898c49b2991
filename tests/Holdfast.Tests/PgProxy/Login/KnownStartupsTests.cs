using System.Collections.Immutable;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class KnownStartupsTests
{
    static readonly ImmutableHashSet<string> s_ignored = ["extra_float_digits"];

    static byte[] Packet(string user, string application = "psql") => StartupParameters.Write(
        3, 0, [new("user", user), new("application_name", application)]);

    [Fact]
    public void The_same_words_are_read_once()
    {
        var known = new KnownStartups();
        var first = known.Read(Packet("app"), s_ignored).ShouldNotBeNull();
        known.Read(Packet("app"), s_ignored).ShouldBeSameAs(first);
        known.Read(Packet("other"), s_ignored).ShouldNotBeNull().Parameters.User.ShouldBe("other");
    }

    [Fact]
    public void What_is_broken_stays_broken_and_what_is_wordy_is_read_anew()
    {
        var known = new KnownStartups();
        known.Read(Packet("app").AsSpan()[..^2], s_ignored).ShouldBeNull();
        var wordy = Packet("app", new string('x', 600));
        var first = known.Read(wordy, s_ignored).ShouldNotBeNull();
        known.Read(wordy, s_ignored).ShouldNotBeNull().ShouldNotBeSameAs(first);
    }

    [Fact]
    public void However_many_kinds_there_are_each_is_read_as_what_it_is()
    {
        var known = new KnownStartups();
        for (var round = 0; round < 2; round++)
        {
            for (var user = 0; user < 1_000; user++)
                known.Read(Packet($"u{user}"), s_ignored).ShouldNotBeNull().Parameters.User.ShouldBe($"u{user}");
        }
    }

    [Fact]
    public void What_is_ignored_may_change()
    {
        var known = new KnownStartups();
        var packet = StartupParameters.Write(3, 0, [new("user", "app"), new("extra_float_digits", "3")]);
        known.Read(packet, s_ignored).ShouldNotBeNull().ServerSettings.ShouldBe("");
        known.Read(packet, ImmutableHashSet<string>.Empty).ShouldNotBeNull()
            .ServerSettings.ShouldBe("extra_float_digits\03\0");
    }

    [Fact]
    public void What_the_proxy_keeps_for_the_client_is_wanted_of_each_server()
    {
        var startup = new KnownStartups().Read(Packet("app"), s_ignored).ShouldNotBeNull();
        var slot = ParameterSet.SlotOf("application_name");
        var (one, other) = (ParameterSet.Empty.With(slot, "one"), ParameterSet.Empty.With(0, "UTF8"));
        startup.Wanted(one).ShouldBe(ParameterSet.Empty.With(slot, "psql"));
        startup.Wanted(one).ShouldBeSameAs(startup.Wanted(one));
        startup.Wanted(other).ShouldBe(other.With(slot, "psql"));
        startup.ServerSettings.ShouldBe("");
    }
}
