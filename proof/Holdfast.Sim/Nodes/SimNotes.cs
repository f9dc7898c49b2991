using Holdfast.Store.Layout;

namespace Holdfast.Sim.Nodes;

/// <summary>A host's notes: on disk at once, and there after every crash.</summary>
internal sealed class SimNotes : INotes
{
    readonly SortedDictionary<string, byte[]> _notes = new(StringComparer.Ordinal);

    public byte[]? Read(string name) => _notes.GetValueOrDefault(name);

    public void Write(string name, ReadOnlySpan<byte> content) => _notes[name] = content.ToArray();

    public void Remove(string name) => _notes.Remove(name);

    public void Clear() => _notes.Clear();

    public string PlaceOf(string name) => $"notes/{name}";
}
