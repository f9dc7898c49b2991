using Holdfast.Store.Layout;

namespace Holdfast.Doubles.Store;

/// <summary>Notes that outlive whoever keeps them, and no more.</summary>
public sealed class MemoryNotes : INotes
{
    readonly Dictionary<string, byte[]> _notes = new(StringComparer.Ordinal);

    public byte[]? Read(string name) => _notes.GetValueOrDefault(name);
    public void Write(string name, ReadOnlySpan<byte> content) => _notes[name] = content.ToArray();
    public void Remove(string name) => _notes.Remove(name);
    public string PlaceOf(string name) => name;
}
