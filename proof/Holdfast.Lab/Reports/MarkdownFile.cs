namespace Holdfast.Lab.Reports;

/// <summary>A document that several measurements write: each has the section under its own heading.</summary>
static class MarkdownFile
{
    const string Heading = "# ";

    /// <summary>In place of the section of the same heading, else at the end.</summary>
    /// <param name="path">Made when missing.</param>
    /// <param name="section">Begins with a heading of the first level.</param>
    public static void Put(string path, string section) =>
        File.WriteAllText(path, With(File.Exists(path) ? File.ReadAllText(path) : "", section));

    internal static string With(string document, string section)
    {
        var (lines, added) = (Lines(document), Lines(section));
        var from = lines.IndexOf(added[0]);
        if (from < 0)
            return Text([.. lines, .. lines.Count > 0 ? [""] : Array.Empty<string>(), .. added]);
        var after = lines.FindIndex(from + 1, line => line.StartsWith(Heading, StringComparison.Ordinal));
        return after < 0
            ? Text([.. lines[..from], .. added])
            : Text([.. lines[..from], .. added, "", .. lines[after..]]);
    }

    // Without the empty ones at the end.
    static List<string> Lines(string text) => [.. text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n')];

    static string Text(IEnumerable<string> lines) => string.Join('\n', lines) + "\n";
}
