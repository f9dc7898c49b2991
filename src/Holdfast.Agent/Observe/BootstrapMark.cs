namespace Holdfast.Agent.Observe;

/// <summary>"This node claimed the bootstrap and has not finished it": a file, so that it outlives the agent.</summary>
internal sealed class BootstrapMark(string stateDirectory)
{
    readonly string _file = Path.Combine(stateDirectory, "bootstrapping");

    public bool IsSet => File.Exists(_file);

    public void Set()
    {
        using var file = new FileStream(_file, FileMode.Create);
        file.Flush(flushToDisk: true);
    }

    public void Clear() => File.Delete(_file);
}
