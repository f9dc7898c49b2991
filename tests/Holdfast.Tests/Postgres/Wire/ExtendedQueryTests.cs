using FsCheck;
using FsCheck.Fluent;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Wire;

public sealed class ExtendedQueryTests
{
    [Fact]
    public void Parse_gives_its_name_and_the_rest()
    {
        ExtendedQuery.TryParse("s1\0SELECT 1\0\0\u0001\0\0\0\u0017"u8, out var name, out var rest).ShouldBeTrue();
        name.SequenceEqual("s1"u8).ShouldBeTrue();
        rest.Length.ShouldBe("SELECT 1\0".Length + 6);
    }

    [Fact]
    public void Parse_with_too_few_types_is_refused() =>
        ExtendedQuery.TryParse("s1\0SELECT 1\0\0\u0002\0\0\0\u0017"u8, out _, out _).ShouldBeFalse();

    [Fact]
    public void Bind_gives_both_names_before_its_values_are_here()
    {
        ExtendedQuery.TryBind("p\0s1\0"u8, out var portal, out var statement, out var rest).ShouldBeTrue();
        (portal.SequenceEqual("p"u8), statement.SequenceEqual("s1"u8), rest.IsEmpty).ShouldBe((true, true, true));
        ExtendedQuery.TryBind("p\0s1"u8, out _, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Describe_and_Close_say_what_they_mean()
    {
        ExtendedQuery.TryTarget("Ss1\0"u8, out var target, out var name).ShouldBeTrue();
        (target, name.SequenceEqual("s1"u8)).ShouldBe((ExtendedTarget.Statement, true));
        ExtendedQuery.TryTarget("P\0"u8, out target, out name).ShouldBeTrue();
        (target, name.IsEmpty).ShouldBe((ExtendedTarget.Portal, true));
        ExtendedQuery.TryTarget("Xs1\0"u8, out _, out _).ShouldBeFalse();
        ExtendedQuery.TryTarget("Ss1\0x"u8, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Execute_gives_portal_and_rows()
    {
        ExtendedQuery.TryExecute("\0\0\0\0\u0005"u8, out var portal, out var rows).ShouldBeTrue();
        (portal.IsEmpty, rows).ShouldBe((true, 5));
        ExtendedQuery.TryExecute("\0\0\0\0"u8, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void No_bytes_crash_it() => Prop.ForAll<byte[]>(bytes =>
    {
        _ = ExtendedQuery.TryParse(bytes, out _, out _);
        _ = ExtendedQuery.TryBind(bytes, out _, out _, out _);
        _ = ExtendedQuery.TryTarget(bytes, out _, out _);
        _ = ExtendedQuery.TryExecute(bytes, out _, out _);
        return true;
    }).QuickCheckThrowOnFailure();
}
