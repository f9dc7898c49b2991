using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class DecisionTableTests
{
    static readonly string s_file = Path.Combine(Repository.Root, "docs", "generated", "decisions.md");

    [Fact]
    public void The_page_of_decisions_is_what_is_decided()
    {
        var text = DecisionTable.Text();
        if (Environment.GetEnvironmentVariable("HOLDFAST_REGENERATE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(s_file)!);
            File.WriteAllText(s_file, text);
        }
        File.ReadAllText(s_file).ShouldBe(text, "run with HOLDFAST_REGENERATE=1, and read the difference");
    }

    [Fact]
    public void Every_decision_says_why() => DecisionTable.Text().ShouldNotContain("**: |");
}
