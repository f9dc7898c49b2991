using Holdfast.Foundation.Yaml;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Foundation.Yaml;

public sealed class NearestTests
{
    [Theory]
    [InlineData("postgress", "postgres")]
    [InlineData("ectd", "etcd")]
    [InlineData("HOSTS", "hosts")]
    [InlineData("clusters", "cluster")]
    [InlineData("bananas", null)]
    [InlineData("x", null)]
    public void The_word_with_the_fewest_edits_is_meant(string word, string? meant) =>
        Nearest.Word(word, ["cluster", "etcd", "hosts", "pgproxy", "postgres"]).ShouldBe(meant);
}
