using Holdfast.PgProxy.Admin;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy;

public sealed class ConsoleCommandTests
{
    [Theory]
    [InlineData("show pools;", "show|pools"), InlineData("", ""), InlineData(" ;; ", "")]
    [InlineData("PAUSE \"My \"\"Db\"\"\";", "PAUSE|My \"Db\""), InlineData("set a='b c'", "set|a|=|b c")]
    [InlineData("set a = 'it''s' ; ", "set|a|=|it's"), InlineData("kill\tx\n", "kill|x")]
    public void A_line_is_its_words(string text, string words) =>
        string.Join('|', ConsoleCommand.Read(text, out _)!.Words).ShouldBe(words);

    [Theory]
    [InlineData("show pools; show clients", "one command at a time: there is more behind the ';'")]
    [InlineData("kill \"x", "a quote has no end"), InlineData("kill 'x''", "a quote has no end")]
    public void A_line_that_is_none_is_told_why(string text, string why)
    {
        ConsoleCommand.Read(text, out var problem).ShouldBeNull();
        problem.ShouldBe(why);
    }

    [Fact]
    public void Random_text_is_read_or_refused()
    {
        var random = new Random(11);
        for (var round = 0; round < 20_000; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(20)).Select(_ => " ;='\"ab\t"[random.Next(8)])]);
            var command = ConsoleCommand.Read(text, out var problem);
            (command is null).ShouldBe(problem.Length > 0, text);
        }
    }
}
