namespace Holdfast.Tests;

/// <summary>Where the sources are: the folder of the solution, above the test program.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Holdfast.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"no Holdfast.slnx above {AppContext.BaseDirectory}");
    }
}
