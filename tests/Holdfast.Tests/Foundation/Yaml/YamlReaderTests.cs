using Holdfast.Foundation.Yaml;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Foundation.Yaml;

public sealed class YamlReaderTests
{
    static string Json(string text) => YamlReader.Read("f", text).Root!.ToJson()!.ToJsonString();

    static string[] Problems(string text) =>
        [.. YamlReader.Read("f", text).Problems.Select(problem => problem.ToString())];

    [Fact]
    public void Plain_words_have_types_and_quoted_ones_are_text() =>
        Json("[1, -2, 1.5, true, off, yes, ~, null, x, '1', \"on\", 0600, 1_000, !!str 5, 1.2.3, 12:30]").ShouldBe(
            """[1,-2,1.5,true,false,true,null,null,"x","1","on","0600","1_000","5","1.2.3","12:30"]""");

    [Fact]
    public void The_key_on_stays_a_word() => Json("on: [n1]").ShouldBe("""{"on":["n1"]}""");

    [Fact]
    public void Anchors_and_merge_keys_are_understood() =>
        Json("a: &x { p: 1, q: 2 }\nb: { <<: *x, q: 3 }\nc: *x").ShouldBe(
            """{"a":{"p":1,"q":2},"b":{"q":3,"p":1},"c":{"p":1,"q":2}}""");

    [Fact]
    public void Every_value_knows_its_place()
    {
        var root = (YamlMap)YamlReader.Read("f", "a:\n  - b: x\n    c: y\n").Root!;
        var inner = (YamlMap)((YamlList)root["a"]!).Items[0];

        root.Entry("a")!.KeyMark.ShouldBe(new YamlMark(1, 1));
        inner.Entry("c")!.KeyMark.ShouldBe(new YamlMark(3, 5));
        inner["c"]!.Mark.ShouldBe(new YamlMark(3, 8));
    }

    [Fact]
    public void Duplicates_are_told_each_and_the_first_stays()
    {
        Problems("a: 1\na: 2\nb: { c: 1, c: 2 }").ShouldBe(
        [
            "f:2:1: duplicate key 'a'; it was given at line 1 already",
            "f:3:12: duplicate key 'c'; it was given at line 3 already",
        ]);
        Json("a: 1\na: 2").ShouldBe("""{"a":1}""");
    }

    [Theory]
    [InlineData("a: b: c", "f:1:5: not valid YAML: While scanning a plain scalar value, found invalid mapping")]
    [InlineData("a: *x", "f:1:4: not valid YAML: no anchor 'x' before this alias")]
    [InlineData("? [a]\n: b", "f:1:3: not valid YAML: a key must be a single word")]
    [InlineData("a: 1\n---\nb: 1", "f:2:1: a second document begins here; expected only one")]
    public void Bad_text_is_one_problem_with_a_place(string text, string problem) => Problems(text).ShouldBe([problem]);

    [Fact]
    public void A_tab_is_told_where_it_stands() => Problems("a:\n\tb: 1").ShouldBe(
        ["f:2:1: not valid YAML: While scanning a mapping, found invalid tab as indentation"]);

    [Fact]
    public void Aliases_that_multiply_are_refused()
    {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(level =>
            $"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]\n"));

        Problems(text).ShouldHaveSingleItem().ShouldEndWith($"more than {YamlReader.ItemsMax} values");
    }

    [Fact]
    public void Depth_is_limited() =>
        Problems(new string('[', 100)).ShouldHaveSingleItem().ShouldContain($"more than {YamlReader.DepthMax} levels");
}
