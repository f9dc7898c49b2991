using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class StartupParametersTests
{
    static StartupParameters? Read(string body, int major = 3, int minor = 0) => StartupParameters.Read(
        [0, 0, 0, 0, 0, (byte)major, 0, (byte)minor, .. Encoding.UTF8.GetBytes(body)]);

    [Fact]
    public void Names_and_values_are_read()
    {
        var read = Read("user\0app\0database\0films\0application_name\0psql\0_pq_.x\01\0\0", minor: 2)
            .ShouldNotBeNull();
        (read.Major, read.Minor, read.User, read.Database).ShouldBe((3, 2, "app", "films"));
        read.Settings.ShouldBe([new("application_name", "psql")]);
        read.Extensions.ShouldBe(["_pq_.x"]);
    }

    [Fact]
    public void The_database_is_the_users_where_none_is_named() =>
        Read("user\0app\0\0").ShouldNotBeNull().Database.ShouldBe("app");

    [Theory]
    [InlineData("")]
    [InlineData("user\0app\0")]
    [InlineData("user\0app")]
    [InlineData("user\0\0")]
    [InlineData("user\0app\0\0more\0")]
    public void What_does_not_end_in_pairs_and_a_zero_is_not_read(string body) => Read(body).ShouldBeNull();

    [Theory]
    [InlineData("true", true)]
    [InlineData("database", true)]
    [InlineData("off", false)]
    public void A_walsender_is_known(string value, bool isReplication) =>
        Read($"user\0app\0replication\0{value}\0\0").ShouldNotBeNull().IsReplication.ShouldBe(isReplication);

    [Fact]
    public void It_is_written_as_it_is_read()
    {
        var packet = StartupParameters.Write(3, 0, [new("user", "äpp"), new("options", "-c x=1")]);
        StartupPacket.Read(packet, out var whole).ShouldBe(StartupRead.Whole);
        whole.Bytes.ShouldBe(packet.Length);
        var read = StartupParameters.Read(packet).ShouldNotBeNull();
        (read.User, read.Values["options"]).ShouldBe(("äpp", "-c x=1"));
    }

    [Fact]
    public void No_bytes_crash_it() => Prop.ForAll<byte[]>(bytes =>
    {
        _ = StartupParameters.Read(bytes);
        return true;
    }).QuickCheckThrowOnFailure();
}
