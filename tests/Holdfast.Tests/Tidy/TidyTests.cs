using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Tidy;

/// <summary>The rules of the house that no analyzer checks: a rule that the build does not check is a wish.</summary>
public sealed partial class TidyTests
{
    const int ColumnsMax = 120, LinesMax = 400;

    static IReadOnlyList<SourceFile> Sources => SourceFile.All;

    [GeneratedRegex(
        "(?<![a-z])(Manager|Helper|Util|Utils|Utility|Common|Impl)(?![a-z])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VagueWord();

    [GeneratedRegex(@"\b(class|struct|interface|enum|record)\s+(?<name>[A-Z]\w*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeName();

    // Written so that this file does not match itself.
    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HA[C]K|XX[X])\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DebtMarker();

    [GeneratedRegex(@"\bSkip\s*=\s*(?!""[^""]{10,}"")", RegexOptions.None, 1000)]
    private static partial Regex SkipWithoutReason();

    [GeneratedRegex(
        @"\bTask\.Run\(|\basync void\b|\bThread\.Sleep\(|\bDateTime\.(Utc)?Now\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LooseEnd();

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        Sources.Where(file => VagueWord().IsMatch(file.Name)).Select(file => file.Path).ShouldBeEmpty();
        Sources.SelectMany(file => file.Where(line =>
            TypeName().Matches(line).Any(type => VagueWord().IsMatch(type.Groups["name"].Value)))).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_marked_for_later() =>
        Sources.SelectMany(file => file.Where(line => DebtMarker().IsMatch(line))).ShouldBeEmpty();

    [Fact]
    public void Lines_fit_a_screen() => Sources
        .SelectMany(file => file.Code.Where(line => line.Text.Length > ColumnsMax)
            .Select(line => $"{file.Path}:{line.Number}: {line.Text.Length} columns"))
        .ShouldBeEmpty();

    [Fact]
    public void Files_are_read_in_one_sitting() => Sources
        .Where(file => file.Lines.Length > LinesMax)
        .Select(file => $"{file.Path} has {file.Lines.Length} lines, at most {LinesMax}")
        .ShouldBeEmpty();

    [Fact]
    public void A_namespace_is_its_folder() => Sources
        .Select(file => (file.Path, Declared: NamespaceOf(file), Folder: FolderNamespace(file)))
        .Where(file => file.Declared is not null && file.Declared != file.Folder)
        .Select(file => $"{file.Path}: {file.Declared}, expected {file.Folder}")
        .ShouldBeEmpty();

    [Fact]
    public void A_skipped_test_says_why() =>
        Sources.SelectMany(file => file.Where(line => SkipWithoutReason().IsMatch(line))).ShouldBeEmpty();

    [Fact]
    public void No_task_is_let_go_and_no_thread_sleeps() => Sources
        .Where(file => !file.Path.StartsWith("tests/Holdfast.Tests/Tidy/", StringComparison.Ordinal))
        .SelectMany(file => file.Where(line => LooseEnd().IsMatch(line) && !line.TrimStart().StartsWith('/')))
        .ShouldBeEmpty();

    static string? NamespaceOf(SourceFile file) => file.Lines
        .Where(line => line.StartsWith("namespace ", StringComparison.Ordinal))
        .Select(line => line["namespace ".Length..].TrimEnd(';', ' ', '\r'))
        .FirstOrDefault();

    // src/Holdfast.Agent/Rest/X.cs: Holdfast.Agent.Rest
    static string FolderNamespace(SourceFile file) => string.Join('.', file.Path.Split('/')[1..^1]);
}
