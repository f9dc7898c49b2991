using System.Buffers;
using System.Text;
using Holdfast.Supervisor.Output;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class LineFormatTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void Plain_text_becomes_an_object() =>
        Format("starting \"up\"\r").ShouldBe(
            """{"time":"2026-01-02T03:04:05.678Z","program":"etcd","line":"starting \"up\""}""" + "\n");

    [Fact]
    public void An_object_keeps_its_own_words_and_gets_the_program() =>
        Format("""{"level":"info","msg":"ready","n":1.50}""").ShouldBe(
            """{"program":"etcd","level":"info","msg":"ready","n":1.50}""" + "\n");

    [Fact]
    public void A_program_that_names_itself_is_named_by_us() =>
        Format("""{"program":"x","a":1}""").ShouldBe("""{"program":"etcd","a":1}""" + "\n");

    [Theory]
    [InlineData("""{"a":1""")]
    [InlineData("""{"a":1} and more""")]
    [InlineData("{not json}")]
    [InlineData("")]
    public void What_only_looks_like_an_object_is_text(string line) => Format(line).ShouldContain("\"line\":");

    [Fact]
    public void What_is_no_text_is_still_one_line() =>
        Format([0xff, 0xfe, 1]).Count(letter => letter == '\n').ShouldBe(1);

    static string Format(string line) => Format(Encoding.UTF8.GetBytes(line));

    static string Format(byte[] line)
    {
        var log = new ArrayBufferWriter<byte>();
        LineFormat.Write(log, line, "etcd", Now);
        return Encoding.UTF8.GetString(log.WrittenSpan);
    }
}
