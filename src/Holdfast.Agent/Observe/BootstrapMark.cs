using Holdfast.Store.Layout;

namespace Holdfast.Agent.Observe;

/// <summary>"This node claimed the bootstrap and has not finished it": a note, so that it outlives the agent.</summary>
internal sealed class BootstrapMark(INotes notes)
{
    const string Note = "bootstrapping";

    public bool IsSet { get; private set; } = notes.Read(Note) is not null;

    public void Set()
    {
        notes.Write(Note, []);
        IsSet = true;
    }

    public void Clear()
    {
        notes.Remove(Note);
        IsSet = false;
    }
}
