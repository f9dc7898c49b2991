using System.Text;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class ParameterSetTests
{
    static readonly int Zone = ParameterSet.SlotOf("timezone"), Name = ParameterSet.SlotOf("application_name");

    [Fact]
    public void Only_what_differs_is_told()
    {
        var server = ParameterSet.Empty.With(Zone, "UTC").With(Name, "");
        server.Difference(server.With(Name, "")).ShouldBeNull();
        server.Difference(ParameterSet.Empty).ShouldBeNull();
        Told(server, server.With(Name, "it's")).ShouldBe("SET application_name = 'it''s';");
        Told(server, server.With(Zone, "a\\b")).ShouldBe("SET TimeZone = E'a\\\\b';");
    }

    [Fact]
    public void A_name_is_never_refused()
    {
        var server = ParameterSet.Empty.With(Zone, "UTC").With(Name, "");
        var named = server.With(Name, "it's");
        server.Difference(named)!.MayBeRefused.ShouldBeFalse();
        server.Difference(named.With(Zone, "Nowhere"))!.MayBeRefused.ShouldBeTrue();
        server.Difference(named)!.MayBeRefused.ShouldBeFalse();
    }

    // Of a Query message.
    static string Told(ParameterSet server, ParameterSet wanted) =>
        Encoding.UTF8.GetString(server.Difference(wanted)!.Message.AsSpan(MessageHeader.Bytes)).TrimEnd('\0');

    [Fact]
    public void Equal_sets_are_one()
    {
        var sets = new ParameterSets();
        var one = sets.Same(ParameterSet.Empty.With(Zone, "UTC"));
        sets.Same(ParameterSet.Empty.With(Zone, "UTC")).ShouldBeSameAs(one);
        sets.Same(ParameterSet.Empty.With(Zone, "CET")).ShouldNotBeSameAs(one);
    }

    [Fact]
    public void Other_settings_are_not_kept() => ParameterSet.SlotOf("work_mem").ShouldBe(-1);
}
