using System.Collections.Immutable;

namespace Holdfast.Lab.Hosts;

/// <summary>The published <c>holdfast</c> that the hosts run, and this very program, which starts them.</summary>
static class PublishedPrograms
{
    public const string Variable = "HOLDFAST_BIN", UsualFolder = "artifacts/publish/holdfast";

    const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    const UnixFileMode Executable =
        Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The folder with <c>holdfast</c> in it.</summary>
    public static string Find()
    {
        var folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? Path.GetFullPath(given)
            : RepositoryRoot() is { } root ? Path.Combine(root, UsualFolder)
            : throw new LabException($"set {Variable} to the folder of the published holdfast");
        return File.Exists(Path.Combine(folder, "holdfast")) ? folder
            : throw new LabException(
                $"no published holdfast in {folder}: dotnet publish src/Holdfast -o {UsualFolder}, or set {Variable}");
    }

    /// <summary>What else was published beside it, but for the lab and what is being built (NAME.new); nothing where
    /// <paramref name="holdfast"/> is not in a folder called <c>publish</c>: who knows what else is there
    /// then.</summary>
    public static ImmutableArray<string> BesideOf(string holdfast)
    {
        var folder = new DirectoryInfo(holdfast);
        return folder.Parent is not { Name: "publish" } publish ? []
            : [.. publish.EnumerateDirectories()
                .Where(other => other.Name is not ("holdfast" or "lab") && other.Extension is not ".new")
                .Select(other => other.FullName).Where(other => other != folder.FullName)
                .Order(StringComparer.Ordinal)];
    }

    /// <summary>The nearest folder above this program, or above the working directory, that holds the
    /// solution.</summary>
    public static string? RepositoryRoot() =>
        new[] { AppContext.BaseDirectory, Environment.CurrentDirectory }.Select(Above)
            .FirstOrDefault(found => found is not null);

    /// <summary>Copies them so that any user can run them, wherever they came from and whatever is built
    /// meanwhile.</summary>
    public static void Copy(LabFolders folders, LabRequest request)
    {
        CopyFolder(new DirectoryInfo(request.Programs), folders.Programs, SearchOption.AllDirectories);
        foreach (var other in request.OtherPrograms.Select(path => new DirectoryInfo(path)))
            CopyFolder(other, Path.Combine(folders.AllPrograms, other.Name), SearchOption.AllDirectories);
        CopyFolder(new DirectoryInfo(AppContext.BaseDirectory), folders.LabPrograms, SearchOption.TopDirectoryOnly);
    }

    static string? Above(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx")))
                return folder.FullName;
        }
        return null;
    }

    static void CopyFolder(DirectoryInfo from, string to, SearchOption depth)
    {
        Directory.CreateDirectory(to, Executable);
        foreach (var file in from.EnumerateFiles("*", depth))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from.FullName, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!, Executable);
            file.CopyTo(target, overwrite: true);
            File.SetUnixFileMode(target, file.UnixFileMode.HasFlag(UnixFileMode.UserExecute) ? Executable : Readable);
        }
    }
}
