using System.Text.Json;
using Holdfast.Supervisor.Output;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

public sealed class OutputTailTests : IDisposable
{
    readonly NodeFolder _node = new();

    string Raw => _node.Paths.RawOf("p");
    string Log => _node.Paths.LogOf("p");

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_line_is_copied_when_it_is_whole_and_only_once_also_after_a_restart()
    {
        Append("one\ntw");
        Copy();
        Lines().ShouldBe(["one"]);
        Append("o\nthree\n");
        Copy();
        Copy();
        Lines().ShouldBe(["one", "two", "three"]);
    }

    [Fact]
    public void At_the_end_an_unfinished_line_is_copied_too()
    {
        Append("last words");
        Copy(andTheRest: true);
        Lines().ShouldBe(["last words"]);
    }

    [Fact]
    public void A_line_without_end_is_cut()
    {
        Append(new string('x', OutputTail.LineBytesMax + 10) + "\n");
        Copy();
        Lines().Select(line => line.Length).ShouldBe([OutputTail.LineBytesMax, 10]);
    }

    [Fact]
    public void What_was_copied_takes_no_room_any_more()
    {
        for (var line = 0; line < 1000; line++)
            Append(new string('x', 1023) + "\n");
        Copy();
        Lines().Count.ShouldBe(1000);
        Blocks(Raw).ShouldBeLessThan(300 * 1024);
    }

    [Fact]
    public void Logs_are_turned_over_when_they_are_full_and_three_are_kept()
    {
        using (var log = new LogFile(Log, bytesMax: 10))
        {
            foreach (var line in (string[])["first\n", "second\n", "third\n", "fourth\n", "fifth\n"])
                log.Append(System.Text.Encoding.UTF8.GetBytes(line));
        }
        new[] { Log, $"{Log}.1", $"{Log}.2", $"{Log}.3" }.Select(File.ReadAllText)
            .ShouldBe(["fifth\n", "fourth\n", "third\n", "second\n"]);
        Directory.GetFiles(_node.Paths.Logs).Length.ShouldBe(4);
    }

    void Append(string text) => File.AppendAllText(Raw, text);

    void Copy(bool andTheRest = false)
    {
        using var tail = new OutputTail("p", Raw, Log, TimeProvider.System, NullLogger.Instance);
        tail.CopyWhatCame(andTheRest);
    }

    List<string> Lines() => [.. File.ReadLines(Log).Select(Line)];

    static string Line(string json) => JsonDocument.Parse(json).RootElement.GetProperty("line").GetString()!;

    static long Blocks(string path)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%b", path]) 
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            })!;
        return long.Parse(process.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture) * 512;
    }
}
