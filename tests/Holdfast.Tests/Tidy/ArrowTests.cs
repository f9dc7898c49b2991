using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Tidy;

/// <summary>Who may see whom. The compiler guards an arrow only as long as nobody adds a reference.</summary>
public sealed partial class ArrowTests
{
    /// <summary>Without the prefix "Holdfast."; a project that is not listed here may see everything.</summary>
    static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Foundation"] = [],
        ["Cluster"] = ["Foundation"],
        ["Store"] = ["Cluster", "Foundation"],
        ["Postgres"] = ["Cluster", "Foundation"],
        ["Agent"] = ["Cluster", "Foundation", "Postgres", "Store"],
        ["PgProxy"] = ["Cluster", "Foundation", "Postgres", "Store"],
        ["Edge"] = ["Cluster", "Foundation", "Store"],
        ["Supervisor"] = ["Cluster", "Foundation", "Store"],
        ["Lab"] = ["Cluster", "Foundation"],
        ["Sim"] = ["Agent", "Cluster", "Foundation", "Postgres", "Store", "Supervisor"],
    };

    /// <summary>What the pure room may use of the foundation: invariants, and text read as data.</summary>
    static readonly string[] PureNamespaces =
        ["Holdfast.Foundation", "Holdfast.Foundation.Json", "Holdfast.Foundation.Yaml"];

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*/Holdfast\.(?<name>\w+)\.csproj""", RegexOptions.None, 1000)]
    private static partial Regex Reference();

    [GeneratedRegex(@"\bHoldfast\.Foundation(\.\w+)*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FoundationName();

    static string NameOf(string project) =>
        Path.GetFileNameWithoutExtension(project).Replace("Holdfast.", "", StringComparison.Ordinal);

    [Fact]
    public void Projects_refer_only_along_the_arrows() => SourceFile.Files("src", "*.csproj")
        .Concat(SourceFile.Files("proof", "*.csproj"))
        .Where(project => Arrows.ContainsKey(NameOf(project)))
        .SelectMany(project => Reference().Matches(SourceFile.Text(project))
            .Select(reference => reference.Groups["name"].Value)
            .Except(Arrows[NameOf(project)], StringComparer.Ordinal)
            .Select(target => $"{project} refers to {target}"))
        .ShouldBeEmpty();

    [Fact]
    public void Every_room_has_its_arrows() => SourceFile.Files("src", "*.csproj")
        .Select(NameOf)
        .Except(Arrows.Keys, StringComparer.Ordinal)
        .ShouldBe(["Holdfast"], "the binary alone sees every room");

    [Fact]
    public void A_sample_knows_nothing_of_the_product() => SourceFile.Files("samples", "*.csproj")
        .Where(project => SourceFile.Text(project).Contains("<ProjectReference", StringComparison.Ordinal))
        .ShouldBeEmpty();

    [Fact]
    public void The_pure_room_uses_only_checks_and_text_of_the_foundation() => SourceFile.All
        .Where(file => file.Project is "Holdfast.Cluster")
        .SelectMany(file => file.Where(line => FoundationName().Matches(line).Any(name => !IsPure(name.Value))))
        .ShouldBeEmpty();

    // A qualified name ends in a type: Holdfast.Foundation.Check.
    static bool IsPure(string name) => PureNamespaces.Contains(name, StringComparer.Ordinal)
        || name is "Holdfast.Foundation.Check"
        || name.StartsWith("Holdfast.Foundation.Json.", StringComparison.Ordinal)
        || name.StartsWith("Holdfast.Foundation.Yaml.", StringComparison.Ordinal);
}
