namespace Holdfast.Store.Layout;

/// <summary>What one process must not forget: small notes by name, each on disk when its write returns. Not
/// thread-safe.</summary>
public interface INotes
{
    /// <summary>Null when there is none.</summary>
    byte[]? Read(string name);

    /// <exception cref="IOException">It is not kept: what rests on it must not be done.</exception>
    void Write(string name, ReadOnlySpan<byte> content);

    /// <summary>Also when there is none.</summary>
    void Remove(string name);

    /// <summary>Where the note is, for people.</summary>
    string PlaceOf(string name);
}

/// <summary>Notes as files of one folder, which is created if it is missing.</summary>
public sealed class NoteFolder : INotes
{
    readonly string _folder;

    public NoteFolder(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
    }

    public byte[]? Read(string name) => File.Exists(PlaceOf(name)) ? File.ReadAllBytes(PlaceOf(name)) : null;

    public void Write(string name, ReadOnlySpan<byte> content) => DurableFile.Write(PlaceOf(name), content);

    public void Remove(string name) => File.Delete(PlaceOf(name));

    public string PlaceOf(string name) => Path.Combine(_folder, name);
}
