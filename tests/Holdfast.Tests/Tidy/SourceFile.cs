namespace Holdfast.Tests.Tidy;

/// <summary>One C# file of ours, as text.</summary>
internal sealed record SourceFile(string Path, string[] Lines)
{
    static readonly string[] Roots = ["src", "proof", "samples", "tests"];

    /// <summary>Every one of them, without what a build generates.</summary>
    public static IReadOnlyList<SourceFile> All { get; } =
        [.. Roots.SelectMany(root => Files(root, "*.cs")).Select(path => new SourceFile(path, Text(path).Split('\n')))];

    /// <summary>Paths below a folder of the repository, with '/' and relative to its root.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) => Directory
        .EnumerateFiles(System.IO.Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
        .Select(path => System.IO.Path.GetRelativePath(Repository.Root, path))
        .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
        .Order(StringComparer.Ordinal);

    public static string Text(string path) => File.ReadAllText(System.IO.Path.Combine(Repository.Root, path));

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The room: the folder of the project, such as <c>Holdfast.Agent</c>.</summary>
    public string Project => Path.Split('/')[1];

    /// <summary>Lines with their numbers, from 1.</summary>
    public IEnumerable<(int Number, string Text)> Numbered => Lines.Select((text, index) => (index + 1, text));

    /// <summary>Without the lines of raw strings: a text that must be exact is as wide as it is.</summary>
    public IEnumerable<(int Number, string Text)> Code
    {
        get
        {
            var isRaw = false;
            foreach (var line in Numbered)
            {
                var marks = line.Text.Split("\"\"\"").Length - 1;
                if (!isRaw && marks == 0)
                    yield return line;
                isRaw ^= marks % 2 == 1;
            }
        }
    }

    /// <summary>The places where <paramref name="isBad"/> holds, for a message.</summary>
    public IEnumerable<string> Where(Func<string, bool> isBad) =>
        Numbered.Where(line => isBad(line.Text)).Select(line => $"{Path}:{line.Number}: {line.Text.Trim()}");
}
