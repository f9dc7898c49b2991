using System.Diagnostics;

namespace Holdfast.Doubles.Postgres;

/// <summary>A small file system of its own, mounted in a temporary folder. Disposing it thaws, unmounts and removes
/// it.</summary>
public sealed class TestVolume : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("hfdisk").FullName;
    bool _frozen;

    TestVolume()
    {
        Directory.CreateDirectory(Path);
    }

    public string Path => System.IO.Path.Combine(_folder, "m");

    /// <summary>Where a data directory would be.</summary>
    public string Data => System.IO.Path.Combine(Path, "data");

    /// <summary>ext4 on a loop device; null where that is not permitted.</summary>
    public static TestVolume? TryExt4(int megabytes = 32)
    {
        var volume = new TestVolume();
        var image = System.IO.Path.Combine(volume._folder, "image");
        using (var file = File.Create(image))
            file.SetLength(megabytes * 1024L * 1024);
        if (Run("mkfs.ext4", "-q", image) && Run("mount", "-o", "loop", image, volume.Path))
            return volume;
        Directory.Delete(volume._folder, recursive: true);
        return null;
    }

    /// <summary>A user of this system may write into it, and get at it.</summary>
    public void GiveTo(string user)
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        Run("chown", user, Path);
    }

    public void Freeze() => _frozen = Run("fsfreeze", "-f", Path);

    public void Thaw()
    {
        if (_frozen)
            _frozen = !Run("fsfreeze", "-u", Path);
    }

    /// <summary>Tried until it is done: a file system on which somebody just writes does not become read-only
    /// (EBUSY).</summary>
    public Task RemountAsync(string option) => Eventually.IsAsync(
        $"{Path} is mounted {option}", () => Run("mount", "-o", $"remount,{option}", Path));

    /// <summary>Takes all the room there is.</summary>
    // What ext4 had put by for blocks not yet allocated is free after the sync, and is taken too.
    public void Fill()
    {
        Run("dd", "if=/dev/zero", $"of={Path}/fill", "bs=64k", "conv=fsync", "status=none");
        Run("dd", "if=/dev/zero", $"of={Path}/rest", "bs=1k", "conv=fsync", "status=none");
    }

    public void Free()
    {
        File.Delete($"{Path}/fill");
        File.Delete($"{Path}/rest");
    }

    public void Dispose()
    {
        Thaw();
        Run("umount", "-l", Path);
        Directory.Delete(_folder, recursive: true);
    }

    static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
