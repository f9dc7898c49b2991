using System.Text.Json;
using Holdfast.Foundation.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Foundation.Logging;

public sealed class JsonLinesTests
{
    [Fact]
    public void An_event_is_one_line_with_its_values_beside_the_message()
    {
        var line = Write([new("ElapsedMs", 1.5), new("Why", "it\nended"), new("{OriginalFormat}", "x")], null);
        line.ShouldEndWith(Environment.NewLine);
        line.TrimEnd().ShouldNotContain('\n');
        var json = JsonDocument.Parse(line).RootElement;
        json.GetProperty("level").GetString().ShouldBe("warning");
        json.GetProperty("program").GetString().ShouldBe("agent");
        json.GetProperty("source").GetString().ShouldBe("HaLoop");
        json.GetProperty("event").GetInt32().ShouldBe(1001);
        json.GetProperty("elapsed_ms").GetDouble().ShouldBe(1.5);
        json.GetProperty("why").GetString().ShouldBe("it\nended");
        json.EnumerateObject().ShouldNotContain(property => property.Name.Contains("riginal"));
    }

    [Fact]
    public void A_value_never_hides_the_line_s_own_words() =>
        JsonDocument.Parse(Write([new("Program", "etcd")], null)).RootElement
            .GetProperty("value_program").GetString().ShouldBe("etcd");

    [Fact]
    public void An_exception_is_part_of_the_line() =>
        JsonDocument.Parse(Write([], new InvalidOperationException("why"))).RootElement
            .GetProperty("exception").GetString()!.ShouldContain("why");

    static string Write(List<KeyValuePair<string, object?>> values, Exception? failure)
    {
        var writer = new StringWriter();
        new JsonLines("agent", TimeProvider.System).Write(
            new LogEntry<List<KeyValuePair<string, object?>>>(
                LogLevel.Warning, "Holdfast.Agent.HaLoop", new EventId(1001), values, failure, (_, _) => "message"),
            null,
            writer);
        return writer.ToString();
    }
}
