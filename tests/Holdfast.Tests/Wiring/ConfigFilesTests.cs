using Holdfast.Wiring;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Wiring;

public sealed class ConfigFilesTests
{
    [Theory]
    [InlineData("a.yml", "b.yml", "a.yml")]
    [InlineData(null, "b.yml", "b.yml")]
    [InlineData(null, "", "holdfast.yml")]
    [InlineData(null, null, "holdfast.yml")]
    public void The_option_goes_before_the_variable_before_the_folder(string? option, string? variable, string found) =>
        ConfigFiles.Find(option, name => name is "HOLDFAST_CONFIG" ? variable : null).ShouldBe(found);

    [Fact]
    public void A_missing_file_says_where_it_is_looked_for() =>
        ConfigFiles.Read("/nowhere/holdfast.yml").Problems.Select(problem => problem.ToString()).ShouldBe(
        [
            "/nowhere/holdfast.yml: no such file; " +
            "give --config FILE, set HOLDFAST_CONFIG, or run where holdfast.yml is",
        ]);
}
