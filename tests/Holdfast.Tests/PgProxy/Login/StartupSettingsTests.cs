using System.Collections.Immutable;
using Holdfast.PgProxy.Login;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Login;

public sealed class StartupSettingsTests
{
    static string Of(string ignored, params string[] parameters)
    {
        var values = parameters.Chunk(2).Select(pair => new KeyValuePair<string, string>(pair[0], pair[1]));
        var startup = StartupParameters.Read(StartupParameters.Write(3, 0, values))!;
        var settings = StartupSettings.Of(
            startup, ignored.Split(' ').ToImmutableHashSet(StringComparer.Ordinal));
        return string.Join(' ', settings.Select(setting => $"{setting.Key}={setting.Value}"));
    }

    [Fact]
    public void Options_are_taken_apart_and_outdone_by_what_stands_by_itself() =>
        Of("", "user", "app", "database", "films", "DateStyle", "ISO", "options", "-c datestyle=German -cgeqo=off "
            + "--search-path=a").ShouldBe("datestyle=ISO geqo=off search_path=a");

    [Fact]
    public void Those_that_are_ignored_are_ignored_in_options_too() =>
        Of("extra_float_digits geqo", "user", "app", "extra_float_digits", "2", "options", "-c geqo=off -c jit=off")
            .ShouldBe("jit=off");

    [Theory]
    [InlineData("-c a=b", "a=b")]
    [InlineData("  -c   a=b\t-c c=d ", "a=b c=d")]
    [InlineData("-c a=x\\ y", "a=x y")]
    [InlineData("-c a=x\\\\y", "a=x\\y")]
    [InlineData("--work-mem=4MB", "work_mem=4MB")]
    [InlineData("-c a=", "a=")]
    [InlineData("-c a=b=c", "a=b=c")]
    [InlineData("", "")]
    [InlineData("-c", null)]
    [InlineData("-c a", null)]
    [InlineData("-c =b", null)]
    [InlineData("-B 100", null)]
    [InlineData("a=b", null)]
    [InlineData("--", null)]
    public void Options_are_read_as_PostgreSQL_reads_them(string text, string? settings)
    {
        var read = StartupSettings.Options(text);
        (read is null ? null : string.Join(' ', read.Select(one => $"{one.Key}={one.Value}"))).ShouldBe(settings);
    }

    [Fact]
    public void Options_that_only_a_server_understands_are_left_as_they_are() =>
        Of("", "user", "app", "options", "-B 100 -c a=b").ShouldBe("options=-B 100 -c a=b");
}
