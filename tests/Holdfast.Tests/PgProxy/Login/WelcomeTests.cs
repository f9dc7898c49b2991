using System.Text;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class WelcomeTests
{
    static readonly Welcome s_welcome = new([new("TimeZone", "UTC"), new("server_version", "15.1")]);

    static ParameterSet Zone(string zone) =>
        s_welcome.Parameters.With(ParameterSet.SlotOf("TimeZone"), zone);

    static string Text(ParameterSet client) => Encoding.ASCII.GetString(s_welcome.For(client));

    [Fact]
    public void Each_client_is_told_its_own_settings_and_the_server_s_others()
    {
        Text(s_welcome.Parameters).ShouldContain("TimeZone\0UTC\0");
        Text(Zone("Asia/Tokyo")).ShouldContain("TimeZone\0Asia/Tokyo\0");
        Text(Zone("Europe/Riga")).ShouldContain("TimeZone\0Europe/Riga\0");
        Text(Zone("Europe/Riga")).ShouldContain("server_version\u000015.1\0");
    }

    [Fact]
    public void Who_wants_what_the_last_one_wanted_is_told_the_same_bytes() =>
        s_welcome.For(Zone("Asia/Tokyo")).ShouldBeSameAs(s_welcome.For(Zone("Asia/Tokyo")));
}
